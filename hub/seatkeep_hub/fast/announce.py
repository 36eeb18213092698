"""The long poll of managers: answered as soon as their part of the feed goes on."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import psycopg
from seatkeep_license.errors import LicenseError
from seatkeep_license.jose import unverified_claims
from seatkeep_license.keys import VerifyKey
from seatkeep_license.requests import InstanceToken, instance_token_verify

from seatkeep_hub.companies.cursors import CHANNEL, FeedCursor
from seatkeep_hub.companies.errors import FeedCursorInvalidError
from seatkeep_hub.fast.database import Database
from seatkeep_hub.fast.problems import Refused
from seatkeep_hub.fast.proofs import Signer

LEASE_KEY_CHANNEL = "lease_key"
MAX_WAIT_SECONDS = 55.0
RECHECK_SECONDS = 0.25
SAFETY_SECONDS = 5.0
RECONNECT_SECONDS = 1.0

log = logging.getLogger(__name__)


class Listener:
    """One connection that LISTENs and wakes who waits. A missed notification costs at most `SAFETY_SECONDS`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._signal = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.lease_key_changes = 0

    def start(self) -> None:
        """Begin to listen; a lost connection is made anew for ever."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def next_change(self) -> asyncio.Event:
        """Return what the next change of any feed sets. Taken before a look, so that no change in between is missed."""
        return self._signal

    def wake(self) -> None:
        """Wake everybody who waits now."""
        self._signal.set()
        self._signal = asyncio.Event()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError:
                log.warning("the listening connection is gone; it is made anew")
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            await connection.execute(f"LISTEN {LEASE_KEY_CHANNEL}")
            self.lease_key_changes += 1
            self.wake()
            async for notification in connection.notifies():
                if notification.channel == LEASE_KEY_CHANNEL:
                    self.lease_key_changes += 1
                self.wake()


async def signers_read(database: Database, uids: set[UUID]) -> dict[UUID, Signer]:
    """Instances by uid that are not revoked."""
    if not uids:
        return {}
    rows = await database.query("instances_read", {"uids": list(uids)})
    return {uid: Signer(VerifyKey(bytes(key)), company_id) for uid, company_id, key in rows}


async def caller_prove(
    database: Database, *, authorization: str, audience: str, method: str, target: str, now: datetime
) -> Signer:
    """Who signed this call.

    Raises:
        Refused: `call_refused`, or `busy`.
    """
    token = authorization.removeprefix("Bearer ")
    try:
        uid = UUID(unverified_claims(token, InstanceToken).iss)
        signer = (await signers_read(database, {uid})).get(uid)
        if signer is None:
            raise Refused("call_refused")
        instance_token_verify(
            token, keys=signer.key, audience=audience, method=method, target=target, body=b"", now=now
        )
    except (LicenseError, ValueError) as error:
        raise Refused("call_refused") from error
    return signer


async def changed_wait(
    database: Database, listener: Listener, *, company_id: int, cursor: str | None, wait_seconds: float
) -> bool:
    """Whether the feed of a company's subtree is past a cursor; waits up to `wait_seconds` (at most 55) for it.

    A cursor of another feed or scope counts as changed: the next sync says what to do.

    Raises:
        Refused: `malformed` for a cursor that is not ours, or `busy`.
    """
    deadline = time.monotonic() + min(max(wait_seconds, 0.0), MAX_WAIT_SECONDS)
    place = _cursor(cursor)
    while True:
        next_change = listener.next_change()
        is_changed, is_coming = await _look(database, company_id, place)
        left = deadline - time.monotonic()
        if is_changed or left <= 0:
            return is_changed
        with suppress(TimeoutError):
            await asyncio.wait_for(next_change.wait(), min(left, RECHECK_SECONDS if is_coming else SAFETY_SECONDS))


def _cursor(text: str | None) -> FeedCursor | None:
    try:
        return FeedCursor.parse(text) if text else None
    except FeedCursorInvalidError as error:
        raise Refused("malformed") from error


async def _look(database: Database, company_id: int, place: FeedCursor | None) -> tuple[bool, bool]:
    if place is None:
        return True, False
    rows = await database.query("feed_changed", {"company": company_id, "xid": str(place.xid), "id": place.id})
    if not rows or rows[0][:2] != (place.feed, place.scope):
        return True, False
    return rows[0][2], rows[0][3]
