"""Messages wait here until the broker has them on disk."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from seatkeep_protocol.messages import KINDS, Body, EndpointStatus, message_encode
from seatkeep_protocol.subjects import Kind, Stream

from seatkeep_agent.errors import SpoolFullError
from seatkeep_agent.store import Store

RESERVE_BYTES = 1024 * 1024
SPOOL_ID = "spool_id"


@dataclass(frozen=True)
class Waiting:
    """A spooled message."""

    seq: int
    kind: Kind
    message_id: str
    raw: bytes


class Spool:
    """The queue of one agent; its id is new with each database file, its numbers only rise.

    Events (detections, quarantine, runs) are each kept. Telemetry (heartbeat, inventory, status) replaces its
    predecessor that was not sent yet. A full disk refuses telemetry first; events then get the reserved megabyte.

    Args:
        store: Where the messages lie.
        reserve: The file that is given up when the disk is full.
        device: The device's id, 32 hex digits.
    """

    def __init__(self, store: Store, reserve: Path, device: str) -> None:
        self._store, self._reserve, self._device = store, reserve, device
        self._spool_id = store.fact(SPOOL_ID, uuid.UUID) or self._begin()
        self.refused = 0

    def _begin(self) -> uuid.UUID:
        spool_id = uuid.uuid4()
        self._store.fact_set(SPOOL_ID, spool_id)
        return spool_id

    def put(self, body: Body, *, now: datetime) -> None:
        """Store a message durably.

        Raises:
            SpoolFullError: The disk is full; for an event the reserve was given up too.
            MessageTooLargeError: The body is larger than its kind may be.
        """
        kind = KINDS[type(body)]
        if kind.stream is Stream.TEL:
            self._put_telemetry(kind, body, now)
            return
        try:
            self._insert(kind, None, body, now)
        except SpoolFullError:
            if not self._give_up_reserve():
                raise
            self._insert(kind, None, body, now)

    def _put_telemetry(self, kind: Kind, body: Body, now: datetime) -> None:
        if self.is_short_of_room():
            self.refused += 1
            raise SpoolFullError("no room for telemetry")
        try:
            self._insert(kind, slot_of(kind, body), body, now)
        except SpoolFullError:
            self.refused += 1
            raise

    def _insert(self, kind: Kind, slot: str | None, body: Body, now: datetime) -> None:
        message_id = uuid.uuid4()
        with self._store.transaction() as connection:
            if slot is not None:
                connection.execute("DELETE FROM spool WHERE slot = ?", (slot,))
            cursor = connection.execute(
                "INSERT INTO spool (kind, slot, message_id, raw) VALUES (?, ?, ?, x'')", (kind, slot, message_id.hex)
            )
            seq = cursor.lastrowid or 0
            raw = message_encode(
                body, device=self._device, spool=self._spool_id, seq=seq,
                at_us=int(now.timestamp() * 1_000_000), message_id=message_id,
            )  # fmt: skip
            connection.execute("UPDATE spool SET raw = ? WHERE seq = ?", (raw, seq))

    def waiting(self, limit: int, *, after: int = 0) -> list[Waiting]:
        """Messages not yet acknowledged, oldest first."""
        rows = self._store.rows("SELECT * FROM spool WHERE seq > ? ORDER BY seq LIMIT ?", after, limit)
        return [to_waiting(row) for row in rows]

    def count(self) -> int:
        """How many wait."""
        return int(self._store.rows("SELECT count(*) AS waiting FROM spool")[0]["waiting"])

    def acknowledge(self, seqs: list[int]) -> None:
        """Forget messages that the broker has. Idempotent.

        Raises:
            SpoolFullError: Even forgetting needs room; they will be sent again, and the broker drops the double.
        """
        with self._store.transaction() as connection:
            connection.executemany("DELETE FROM spool WHERE seq = ?", [(seq,) for seq in seqs])

    def is_short_of_room(self) -> bool:
        """Whether the reserve is gone and cannot be had back: only events are taken then."""
        if self._reserve.exists() and self._reserve.stat().st_size == RESERVE_BYTES:
            return False
        return not self._take_reserve()

    def _take_reserve(self) -> bool:
        try:
            self._reserve.write_bytes(b"\0" * RESERVE_BYTES)
        except OSError:
            self._give_up_reserve()
            return False
        return True

    def _give_up_reserve(self) -> bool:
        """Free the reserved megabyte; False when it was gone already."""
        with suppress(FileNotFoundError):
            self._reserve.unlink()
            return True
        return False


def slot_of(kind: Kind, body: Body) -> str:
    """What a newer telemetry message replaces: the one of its kind, and product."""
    return f"{kind}/{body.product}" if isinstance(body, EndpointStatus) else kind.value


def to_waiting(row: sqlite3.Row) -> Waiting:
    """A row as a message."""
    return Waiting(seq=row["seq"], kind=Kind(row["kind"]), message_id=row["message_id"], raw=row["raw"])
