"""Files taken out of harm's way: encrypted copies that can be put back exactly where and how they were."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from seatkeep_endpoint.engines.base import Finding
from seatkeep_endpoint.errors import QuarantineDamagedError, QuarantineRaceError, QuarantineUnknownError
from seatkeep_endpoint.platforms.base import Files, FileStamp, FoundFile
from seatkeep_endpoint.scanning.display import display_path
from seatkeep_endpoint.store import Store

CHUNK_BYTES = 1024 * 1024
ZERO_NONCE = bytes(16)


@dataclass(frozen=True)
class QuarantineItem:
    """A file in quarantine.

    Attributes:
        item: Its id, 32 hex digits.
        path: Where it was, as text; bytes that are no UTF-8 are shown as surrogates escaped with a backslash.
        size_bytes: Size of the original.
        sha256: Digest of the original, hex.
        at_us: When it was taken, microseconds since 1970.
        detection: Id of the detection that led here, 32 hex digits.
    """

    item: str
    path: str
    size_bytes: int
    sha256: str
    threat: str
    engine: str
    at_us: int
    detection: str


class Quarantine:
    """The quarantine of one endpoint.

    Args:
        folder: Holds the encrypted copies; nobody but its owner and the system can enter.
        store: Holds what is known about them.
        files: The files of this machine.
    """

    def __init__(self, folder: Path, store: Store, files: Files) -> None:
        self._folder = folder
        self._store = store
        self._files = files
        self._finish_interrupted_moves()

    def take(
        self, found: FoundFile, descriptor: int, finding: Finding, *, detection: str, now: datetime
    ) -> QuarantineItem:
        """Move the open file into quarantine: copy, sync, record, then remove the original.

        A crash in between leaves the original in place, or the copy and the record, never neither.

        Raises:
            QuarantineRaceError: The name stands for another file by now; that one is left alone.
            OSError: The copy or the removal failed (read-only or full disk).
        """
        item, key, stamp = uuid.uuid4().hex, secrets.token_bytes(32), self._files.stamp(descriptor)
        digest = self._copy_in(item, key, descriptor)
        at_us = int(now.timestamp() * 1_000_000)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'MOVING')",
                (item, os.fsencode(found.path), stamp.mode, stamp.uid, stamp.gid, stamp.modified_ns,
                 stamp.size_bytes, digest, key, finding.name, finding.engine, at_us, detection),
            )  # fmt: skip
            connection.execute(
                "INSERT INTO quarantine_security VALUES (?, ?, ?)", (item, stamp.attributes, stamp.security)
            )
        try:
            found.remove(descriptor)
        except (OSError, QuarantineRaceError):
            self.delete(item)
            raise
        self._set_held(item)
        return self.get(item)

    def restore(self, item: str, *, now: datetime, is_excluding: bool = False) -> QuarantineItem:
        """Put a file back to its path with its rights, its time and, where we may, its owner; never with set-user-id.

        Args:
            item: The quarantined file.
            now: Current time, aware UTC.
            is_excluding: Remember the content, so that the next scan does not take it again.

        Raises:
            QuarantineUnknownError: There is no such file.
            QuarantineDamagedError: The copy is not what was put in; nothing is restored.
            RestoreTargetExistsError: Something is at the path already.
            RestorePathChangedError: The folder is gone or became a link.
        """
        row = self._row(item)
        self._verify(row)
        with self._files.restore(row["path"], row_stamp(row)) as file:
            for chunk in self._plain_chunks(row):
                file.write(chunk)
        with self._store.transaction() as connection:
            if is_excluding:
                at_us = int(now.timestamp() * 1_000_000)
                connection.execute("INSERT OR REPLACE INTO allowed VALUES (?, ?)", (row["sha256"], at_us))
            row_remove(connection, item)
        self._blob(item).unlink(missing_ok=True)
        return to_item(row)

    def delete(self, item: str) -> QuarantineItem:
        """Remove a file from quarantine for good.

        Raises:
            QuarantineUnknownError: There is no such file.
        """
        row = self._row(item)
        self._blob(item).unlink(missing_ok=True)
        with self._store.transaction() as connection:
            row_remove(connection, item)
        return to_item(row)

    def get(self, item: str) -> QuarantineItem:
        """One quarantined file.

        Raises:
            QuarantineUnknownError: There is no such file.
        """
        return to_item(self._row(item))

    def list(self) -> list[QuarantineItem]:
        """All quarantined files, oldest first."""
        return [
            to_item(row) for row in self._store.rows("SELECT * FROM quarantine WHERE state = 'HELD' ORDER BY at_us")
        ]

    def is_allowed(self, sha256: str) -> bool:
        """Whether a person restored this very content before."""
        return bool(self._store.rows("SELECT 1 FROM allowed WHERE sha256 = ?", sha256))

    def _row(self, item: str) -> sqlite3.Row:
        rows = self._store.rows(
            "SELECT * FROM quarantine LEFT JOIN quarantine_security USING (item) WHERE item = ?", item
        )
        if not rows:
            raise QuarantineUnknownError(f"no file {item} in quarantine")
        return rows[0]

    def _blob(self, item: str) -> Path:
        return self._folder / item

    def _set_held(self, item: str) -> None:
        with self._store.transaction() as connection:
            connection.execute("UPDATE quarantine SET state = 'HELD' WHERE item = ?", (item,))

    def _copy_in(self, item: str, key: bytes, descriptor: int) -> str:
        """Write the encrypted copy and sync it; returns the digest of the original."""
        digest, encryptor = hashlib.sha256(), Cipher(AES(key), CTR(ZERO_NONCE)).encryptor()
        os.lseek(descriptor, 0, os.SEEK_SET)
        blob = self._blob(item)
        try:
            with open(os.open(blob, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
                while chunk := os.read(descriptor, CHUNK_BYTES):
                    digest.update(chunk)
                    copy.write(encryptor.update(chunk))
                copy.flush()
                os.fsync(copy.fileno())
        except OSError:
            blob.unlink(missing_ok=True)
            raise
        return digest.hexdigest()

    def _verify(self, row: sqlite3.Row) -> None:
        digest = hashlib.sha256()
        try:
            for chunk in self._plain_chunks(row):
                digest.update(chunk)
        except FileNotFoundError as error:
            raise QuarantineDamagedError("the quarantined copy is gone") from error
        if digest.hexdigest() != row["sha256"]:
            raise QuarantineDamagedError("the quarantined copy was changed")

    def _plain_chunks(self, row: sqlite3.Row) -> Iterator[bytes]:
        decryptor: CipherContext = Cipher(AES(row["key"]), CTR(ZERO_NONCE)).decryptor()
        with self._blob(row["item"]).open("rb") as blob:
            while chunk := blob.read(CHUNK_BYTES):
                yield decryptor.update(chunk)

    def _finish_interrupted_moves(self) -> None:
        """After a crash: an item whose original still stands is dropped (the next scan finds it again)."""
        for row in self._store.rows("SELECT * FROM quarantine WHERE state = 'MOVING'"):
            if self._files.exists(row["path"]):
                self.delete(row["item"])
            else:
                self._set_held(row["item"])
        known = {row["item"] for row in self._store.rows("SELECT item FROM quarantine")}
        for blob in self._folder.iterdir():
            if blob.name not in known:
                blob.unlink()


def to_item(row: sqlite3.Row) -> QuarantineItem:
    """The public part of a row."""
    return QuarantineItem(
        item=row["item"], path=display_path(row["path"]), size_bytes=row["size_bytes"], sha256=row["sha256"],
        threat=row["threat"], engine=row["engine"], at_us=row["at_us"],
        detection=row["detection"],
    )  # fmt: skip


def row_remove(connection: sqlite3.Connection, item: str) -> None:
    """Forget an item inside a transaction."""
    connection.execute("DELETE FROM quarantine WHERE item = ?", (item,))
    connection.execute("DELETE FROM quarantine_security WHERE item = ?", (item,))


def row_stamp(row: sqlite3.Row) -> FileStamp:
    """What a row remembers of a file besides its content."""
    return FileStamp(
        mode=row["mode"], uid=row["uid"], gid=row["gid"], modified_ns=row["modified_ns"],
        size_bytes=row["size_bytes"], attributes=row["attributes"] or 0, security=row["security"] or "",
    )  # fmt: skip
