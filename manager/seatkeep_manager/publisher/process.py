"""The publisher process: the only one that signs. Outbox → documents → bucket; and it mends the bucket.

Order of things: a new version is committed to the database first, then put into the bucket with the expected revision,
then marked as published. Killed anywhere in between, the next start goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError
from seatkeep_protocol.subjects import BUCKET_STREAM, kv_subject
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.outbox.services import CHANNEL

from seatkeep_manager.enrollment.revocations import revocations_publish
from seatkeep_manager.grouping.builtins import builtins_ensure as group_templates_ensure
from seatkeep_manager.policies.builtins import builtins_ensure as policies_ensure
from seatkeep_manager.publisher.gather import (
    EVENTS_AT_ONCE,
    TOPICS,
    URGENT_TOPICS,
    events_consume,
    events_foresee,
    render_missing,
    strays_withdraw,
)
from seatkeep_manager.statedocs.bus import BusError, bus_connect, streams_ensure
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.statedocs.selectors import documents_due
from seatkeep_manager.statedocs.services import documents_mark_lost, documents_mark_published
from seatkeep_manager.statedocs.threads import DatabaseThreads

RECONCILE_EVERY = timedelta(hours=1)
IDLE_SECONDS = 5.0
"""How long to wait for a notification before looking anyway."""
PUTS_AT_ONCE = 64
RECONCILE_AT_ONCE = 200
WRONG_LAST_SEQUENCE = 10071
PURGE = {Header.ROLLUP.value: "sub", "KV-Operation": "PURGE"}
"""Headers that turn a put into the removal of a key (ADR-8 of NATS)."""
LOCK_ID = 0x5EA7_9AB1
"""Advisory lock: one publisher at a time; a second one waits and takes over when the first ends."""
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Publisher:
    """One run of the process over one broker connection."""

    def __init__(self, client: Client, database: DatabaseThreads, *, clock: Callable[[], datetime] = clock_now) -> None:
        self.client = client
        self.database = database
        self.clock = clock
        self.jetstream: JetStreamContext = client.jetstream()
        self._ahead: set[int] = set()
        """Events handled before the position could pass them."""

    async def drain(self) -> int:
        """Render and put everything that is due now, and hand revocations on; returns how many documents were put.

        What a person waits for goes first, also between the parts of a long line.
        """
        put = 0
        is_more = True
        while is_more:
            await self._foresee(URGENT_TOPICS)
            put += await self._put_due()
            is_more = await self.database.run(events_consume, now=self.clock(), ahead=self._ahead) == EVENTS_AT_ONCE
        await self._foresee(TOPICS)
        await self.database.run(revocations_publish, now=self.clock())
        return put + await self._put_due()

    async def _foresee(self, topics: Collection[str]) -> None:
        see = partial(events_foresee, topics=topics, ahead=self._ahead)
        while await self.database.run(see, now=self.clock()) == EVENTS_AT_ONCE:
            pass

    async def _put_due(self) -> int:
        put = 0
        while due := await self.database.run(documents_due):
            put += await self._put_all(due)
        return put

    async def reconcile(self) -> int:
        """Compare the bucket with the stored documents and put again what it lost; returns how many."""
        await self.database.run(revocations_publish, now=self.clock(), is_forced=True)
        await streams_ensure(self.client)
        await self.database.run(render_missing, now=self.clock())
        await self.database.run(strays_withdraw)
        lost = 0
        after = 0
        while batch := await self.database.run(_stored_after, after):
            after = batch[-1].pk
            found = await asyncio.gather(*[self._difference(row) for row in batch])
            wrong = {row.pk: revision for row, revision in zip(batch, found, strict=True) if revision is not None}
            if wrong:
                _log.warning("the bucket lacks %d documents; they are put again", len(wrong))
                await self.database.run(documents_mark_lost, revisions=wrong)
                lost += len(wrong)
        await self.drain()
        return lost

    async def _put_all(self, due: list[StateDocument]) -> int:
        published: dict[int, tuple[int, int]] = {}
        for start in range(0, len(due), PUTS_AT_ONCE):
            part = due[start : start + PUTS_AT_ONCE]
            revisions = await asyncio.gather(*[self._put(row) for row in part])
            published.update({row.pk: (row.version, rev) for row, rev in zip(part, revisions, strict=True)})
        await self.database.run(documents_mark_published, published=published, now=self.clock())
        return len(published)

    async def _put(self, row: StateDocument) -> int:
        """Put one document with the expected revision; when somebody else wrote the key, over that."""
        try:
            return await self._put_over(row, row.revision)
        except APIError as error:
            if error.err_code != WRONG_LAST_SEQUENCE:
                raise
        _, revision = await self._read(row.key)
        _log.warning("key %s was changed by somebody else; it is put over revision %d", row.key, revision)
        return await self._put_over(row, revision)

    async def _put_over(self, row: StateDocument, revision: int) -> int:
        headers: dict[str, Any] = {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(revision)}
        if not row.stored:
            headers |= PURGE
        ack = await self.jetstream.publish(kv_subject(row.key), bytes(row.stored), headers=headers, timeout=10)
        return ack.seq

    async def _difference(self, row: StateDocument) -> int | None:
        """The bucket's revision of a key when it does not hold what we stored; None when all is well."""
        data, revision = await self._read(row.key)
        return None if data == bytes(row.stored) else revision

    async def _read(self, key: str) -> tuple[bytes, int]:
        """What the bucket holds under a key, empty when nothing or removed, and the revision of that."""
        try:
            message = await self.jetstream.get_last_msg(BUCKET_STREAM, kv_subject(key), direct=True)
        except NotFoundError:
            return b"", 0
        return message.data or b"", message.seq or 0


async def run(*, stop: asyncio.Event) -> None:
    """Run until `stop` is set; every failure of database or broker is waited out.

    Args:
        stop: Set it to end after the present step.
    """
    database = DatabaseThreads(1)
    try:
        await _run_for_ever(database, stop)
    finally:
        await asyncio.get_running_loop().run_in_executor(None, database.close)


async def _run_for_ever(database: DatabaseThreads, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await _run_once(database, stop)
        except (psycopg.Error, OperationalError, InterfaceError, NatsError, APIError, BusError, OSError) as error:
            _log.warning("publisher starts over: %s", error)
            await _wait(stop, RETRY_SECONDS)


async def _run_once(database: DatabaseThreads, stop: asyncio.Event) -> None:
    listener = await psycopg.AsyncConnection.connect(database_url(), autocommit=True)
    async with listener:
        await _lead(listener, stop)
        for ensure in (group_templates_ensure, policies_ensure):
            await database.run(ensure, now=clock_now())
        await listener.execute(f"LISTEN {CHANNEL}")
        client = await bus_connect()
        try:
            await _serve(Publisher(client, database), listener, stop)
        finally:
            await client.close()


async def _lead(listener: psycopg.AsyncConnection[Any], stop: asyncio.Event) -> None:
    """Wait until no other publisher runs; the lock ends with this connection."""
    while not stop.is_set():
        cursor = await listener.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_ID])
        row = await cursor.fetchone()
        if row and row[0]:
            return
        await _wait(stop, RETRY_SECONDS)


async def _serve(publisher: Publisher, listener: psycopg.AsyncConnection[Any], stop: asyncio.Event) -> None:
    reconciled_at = datetime.min.replace(tzinfo=clock_now().tzinfo)
    while not stop.is_set():
        if clock_now() - reconciled_at >= RECONCILE_EVERY:
            await publisher.reconcile()
            reconciled_at = clock_now()
            _log.info("the bucket is in order")
        await publisher.drain()
        await _notified(listener, stop)


async def _notified(listener: psycopg.AsyncConnection[Any], stop: asyncio.Event) -> None:
    """Return at the next notification, after 5 s, or when asked to stop."""

    async def one() -> None:
        async for _ in listener.notifies(timeout=IDLE_SECONDS, stop_after=1):
            pass

    waiting, stopping = asyncio.ensure_future(one()), asyncio.ensure_future(stop.wait())
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not waiting.done():
        waiting.cancel()
    await asyncio.gather(waiting, stopping, return_exceptions=True)
    if waiting.done() and not waiting.cancelled() and (error := waiting.exception()):
        raise error


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def database_url() -> str:
    """The database of the settings as a connection string."""
    params = connection.get_connection_params()
    known = {"dbname", "user", "password", "host", "port", "application_name"}
    return psycopg.conninfo.make_conninfo(**{key: value for key, value in params.items() if key in known and value})


def _stored_after(after: int) -> list[StateDocument]:
    return list(StateDocument.objects.filter(pk__gt=after).order_by("pk")[:RECONCILE_AT_ONCE])
