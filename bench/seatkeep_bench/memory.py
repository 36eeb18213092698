"""What simulated devices remember between runs: one SQLite file in the fleet's folder."""

from __future__ import annotations

import sqlite3
import uuid
from pathlib import Path
from typing import Any

import msgspec
from seatkeep_protocol.enrollment import EnrollAnswer

from seatkeep_bench.errors import BenchError


class Remembered(msgspec.Struct, kw_only=True):
    """One device's memory.

    Attributes:
        answer: What enrollment gave; None before.
        spool: Id of the device's spool, new when the memory is new.
        seq: The last number used.
        applied: Document key → version.
        lease: The last lease (JWS).
        seat: Seat uid.
        runs: Task runs that were begun, newest last.
        restore_id: The last one seen; another one asks for a full snapshot.
        is_retired: The device obeyed a retire order.
    """

    answer: EnrollAnswer | None = None
    spool: uuid.UUID
    seq: int = 0
    applied: dict[str, int] = {}
    lease: str | None = None
    seat: str | None = None
    runs: list[str] = []
    restore_id: str | None = None
    is_retired: bool = False


class Memory:
    """The fleet's file; one connection, used by one event loop."""

    def __init__(self, folder: Path) -> None:
        """Open or make the file.

        Args:
            folder: The fleet's folder; made when missing, private to the user.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = sqlite3.connect(folder / "fleet.sqlite", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE IF NOT EXISTS fleet (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
            "CREATE TABLE IF NOT EXISTS device (number INTEGER PRIMARY KEY, memory BLOB NOT NULL) STRICT;"
        )

    def fact(self, name: str, value: str) -> str:
        """Keep a fact of the fleet.

        Raises:
            BenchError: The folder belongs to a fleet for which it is different.
        """
        self._database.execute("INSERT INTO fleet VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
        (kept,) = self._database.execute("SELECT value FROM fleet WHERE name = ?", (name,)).fetchone()
        if kept != value:
            raise BenchError(f"This folder belongs to a fleet whose {name} is {kept!r}, not {value!r}.")
        return value

    def recall(self, number: int) -> Remembered:
        """Return what a device remembers; a fresh memory when it is new."""
        row: Any = self._database.execute("SELECT memory FROM device WHERE number = ?", (number,)).fetchone()
        return msgspec.json.decode(row[0], type=Remembered) if row else Remembered(spool=uuid.uuid4())

    def keep(self, number: int, memory: Remembered) -> None:
        """Write a device's memory down."""
        self._database.execute(
            "INSERT INTO device VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET memory = excluded.memory",
            (number, msgspec.json.encode(memory)),
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()
