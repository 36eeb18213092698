"""The ingest process: one durable pull consumer per part and stream, explicit acks after the commit.

While PostgreSQL is away, nothing is acknowledged: the broker keeps the messages and the same batch is tried again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from seatkeep_protocol.ids import parts
from seatkeep_protocol.subjects import Stream, consumer_name, part_filter
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.services import batch_take
from seatkeep_manager.statedocs.bus import BusError, bus_connect, streams_ensure
from seatkeep_manager.statedocs.threads import DatabaseThreads

BATCH = 500
MAX_ACK_PENDING = 5_000
"""The broker's default of 1,000 would cap every fetch."""
ACK_WAIT_SECONDS = 20
PULL_SECONDS = 20
LINGER_SECONDS = 0.005
"""How long to gather more messages after the first: batches under load, no delay worth naming without."""
RETRY_SECONDS = 0.5
WORKERS = 4
NANOSECONDS = 1_000_000_000
_log = logging.getLogger(__name__)


class PartReader:
    """Reads one part of one stream, for ever."""

    def __init__(self, client: Client, stream: Stream, part: str, database: DatabaseThreads) -> None:
        self.client, self.stream, self.part, self.database = client, stream, part, database
        self.queue: asyncio.Queue[Msg] = asyncio.Queue()
        self.open = 0
        """Messages that the present pull may still bring."""

    async def run(self, stop: asyncio.Event) -> None:
        """Take batches in until `stop` is set."""
        await self._consumer_ensure()
        inbox = self.client.new_inbox()
        subscription = await self.client.subscribe(inbox, cb=self.queue.put)
        try:
            while not stop.is_set():
                if self.open <= 0:
                    await self._pull(inbox)
                batch = await self._gather()
                if batch:
                    await self._take(batch, stop)
        finally:
            await subscription.unsubscribe()

    async def _consumer_ensure(self) -> None:
        name = consumer_name(self.part)
        config = {
            "durable_name": name,
            "name": name,
            "ack_policy": "explicit",
            "ack_wait": ACK_WAIT_SECONDS * NANOSECONDS,
            "max_ack_pending": MAX_ACK_PENDING,
            "max_deliver": -1,
            "filter_subject": part_filter(self.stream, self.part),
        }
        body = json.dumps({"stream_name": self.stream.stream_name, "config": config}).encode()
        subject = f"$JS.API.CONSUMER.DURABLE.CREATE.{self.stream.stream_name}.{name}"
        answer = json.loads((await self.client.request(subject, body, timeout=10)).data)
        if "error" in answer:
            raise BusError(f"consumer {name}: {answer['error'].get('description')}")

    async def _pull(self, inbox: str) -> None:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream.stream_name}.{consumer_name(self.part)}"
        body = {"batch": BATCH, "expires": PULL_SECONDS * NANOSECONDS}
        await self.client.publish(subject, json.dumps(body).encode(), reply=inbox)
        self.open = BATCH

    async def _gather(self) -> list[Msg]:
        """The next messages; empty when the pull ended without one."""
        try:
            first = await asyncio.wait_for(self.queue.get(), PULL_SECONDS + 5)
        except TimeoutError:  # The pull was lost with a connection.
            self.open = 0
            return []
        batch: list[Msg] = []
        self._sort(first, batch)
        if batch:
            await asyncio.sleep(LINGER_SECONDS)
        while len(batch) < BATCH and not self.queue.empty():
            self._sort(self.queue.get_nowait(), batch)
        return batch

    def _sort(self, message: Msg, batch: list[Msg]) -> None:
        if message.headers and "Status" in message.headers:
            self.open = 0
            return
        self.open -= 1
        batch.append(message)

    async def _take(self, batch: list[Msg], stop: asyncio.Event) -> None:
        incoming = [_incoming(message) for message in batch]
        while not stop.is_set():
            try:
                await self.database.run(batch_take, incoming, now=clock_now())
                break
            except (OperationalError, InterfaceError) as error:
                _log.warning("the database is away, part %s waits: %s", self.part, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        else:
            return
        for message in batch:
            await message.ack()


def _incoming(message: Msg) -> Incoming:
    return Incoming(message.subject, message.data, _received_at(message))


def _received_at(message: Msg) -> datetime:
    """When the broker stored the message: its own note in the ack subject, whose ninth word is nanoseconds."""
    words = message.reply.split(".")
    nanoseconds = int(words[-2] if len(words) == 9 else words[-4])
    return datetime.fromtimestamp(nanoseconds / NANOSECONDS, UTC)


async def run(*, stop: asyncio.Event) -> None:
    """Run until `stop` is set; every failure of the broker is waited out.

    Args:
        stop: Set it to end after the present batches.
    """
    database = DatabaseThreads(WORKERS)
    try:
        await _run_for_ever(database, stop)
    finally:
        await asyncio.get_running_loop().run_in_executor(None, database.close)


async def _run_for_ever(database: DatabaseThreads, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await _run_once(database, stop)
        except (NatsError, APIError, BusError, OSError) as error:
            _log.warning("ingest starts over: %s", error)
            await asyncio.sleep(RETRY_SECONDS)


async def _run_once(database: DatabaseThreads, stop: asyncio.Event) -> None:
    client = await bus_connect()
    try:
        await streams_ensure(client)
        readers = [PartReader(client, stream, part, database) for stream in Stream for part in parts()]
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(reader.run(stop)) for reader in readers]
        stopping = asyncio.create_task(stop.wait())
        _log.info("reads %d parts", len(readers))
        done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        await asyncio.gather(*tasks, stopping, return_exceptions=True)
        for task in done - {stopping}:
            task.result()
    finally:
        await client.close()
