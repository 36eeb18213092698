"""A program's memory: one SQLite file, durable at every commit."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


class FactStore:
    """Facts by name plus tables of one's own; safe to use from several threads.

    Args:
        path: The database file; made 0600 when missing.
        schema: SQL that makes the tables; idempotent, with a table `fact (name TEXT PRIMARY KEY, value BLOB NOT NULL)`.
        full_error: Raised when there is no room.
    """

    def __init__(self, path: Path, schema: str, full_error: type[Exception]) -> None:
        path.touch(mode=0o600)
        self.path, self._full_error = path, full_error
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(schema)

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One atomic change; committed and synced to disk at the end.

        Raises:
            Exception: The store's `full_error`: there is no room, nothing was changed.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if is_disk_full(error):
                    raise self._full_error(str(error)) from error
                raise

    def rows(self, query: str, *parameters: object) -> list[sqlite3.Row]:
        """All rows of a read."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def fact(self, name: str, kind: type[T]) -> T | None:
        """A stored fact, or None when it was never set."""
        found = self.rows("SELECT value FROM fact WHERE name = ?", name)
        return msgspec.msgpack.decode(found[0]["value"], type=kind) if found else None

    def fact_set(self, name: str, value: object) -> None:
        """Store a fact durably.

        Raises:
            Exception: The store's `full_error`: there is no room, the old value stays.
        """
        with self.transaction() as connection:
            fact_write(connection, name, value)


def fact_write(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Store a fact inside a transaction."""
    connection.execute(
        "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, msgspec.msgpack.encode(value)),
    )


def is_disk_full(error: BaseException) -> bool:
    """Whether an error means that the disk (or quota) has no room."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return isinstance(error, sqlite3.OperationalError) and "full" in str(error)
