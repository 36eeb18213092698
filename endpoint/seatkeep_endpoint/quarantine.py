"""Files taken out of harm's way: encrypted copies that can be put back exactly where and how they were."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from seatkeep_endpoint.engines.base import Finding
from seatkeep_endpoint.errors import (
    QuarantineDamagedError,
    QuarantineRaceError,
    QuarantineUnknownError,
    RestorePathChangedError,
    RestoreTargetExistsError,
)
from seatkeep_endpoint.scanning.walker import FoundFile
from seatkeep_endpoint.store import Store

CHUNK_BYTES = 1024 * 1024
SAFE_MODE_BITS = 0o777
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
        folder: Holds the encrypted copies (0600 in a folder of 0700).
        store: Holds what is known about them.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
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
        item, key, status = uuid.uuid4().hex, secrets.token_bytes(32), os.fstat(descriptor)
        digest = self._copy_in(item, key, descriptor)
        at_us = int(now.timestamp() * 1_000_000)
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'MOVING')",
                (item, os.fsencode(found.path), status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns,
                 status.st_size, digest, key, finding.name, finding.engine, at_us, detection),
            )  # fmt: skip
        try:
            remove_same_file(found, status)
        except (OSError, QuarantineRaceError):
            self.delete(item)
            raise
        self._set_held(item)
        return self.get(item)

    def restore(self, item: str, *, now: datetime, is_excluding: bool = False) -> QuarantineItem:
        """Put a file back to its path with its mode and owner (set-user-id bits are not given back).

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
        with open_real_folder(os.path.dirname(row["path"])) as folder_fd:
            self._copy_out(row, folder_fd)
        with self._store.transaction() as connection:
            if is_excluding:
                at_us = int(now.timestamp() * 1_000_000)
                connection.execute("INSERT OR REPLACE INTO allowed VALUES (?, ?)", (row["sha256"], at_us))
            connection.execute("DELETE FROM quarantine WHERE item = ?", (item,))
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
            connection.execute("DELETE FROM quarantine WHERE item = ?", (item,))
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
        rows = self._store.rows("SELECT * FROM quarantine WHERE item = ?", item)
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

    def _copy_out(self, row: sqlite3.Row, folder_fd: int) -> None:
        self._verify(row)
        name = os.path.basename(row["path"])
        try:
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder_fd)
        except FileExistsError as error:
            raise RestoreTargetExistsError(f"{os.fsdecode(row['path'])} exists already") from error
        try:
            with open(target, "wb") as file:
                self._decrypt_into(row, file)
                restore_attributes(file.fileno(), row)
                os.fsync(file.fileno())
        except BaseException:
            os.unlink(name, dir_fd=folder_fd)
            raise

    def _verify(self, row: sqlite3.Row) -> None:
        digest = hashlib.sha256()
        try:
            for chunk in self._plain_chunks(row):
                digest.update(chunk)
        except FileNotFoundError as error:
            raise QuarantineDamagedError("the quarantined copy is gone") from error
        if digest.hexdigest() != row["sha256"]:
            raise QuarantineDamagedError("the quarantined copy was changed")

    def _decrypt_into(self, row: sqlite3.Row, file: BinaryIO) -> None:
        for chunk in self._plain_chunks(row):
            file.write(chunk)
        file.flush()

    def _plain_chunks(self, row: sqlite3.Row) -> Iterator[bytes]:
        decryptor: CipherContext = Cipher(AES(row["key"]), CTR(ZERO_NONCE)).decryptor()
        with self._blob(row["item"]).open("rb") as blob:
            while chunk := blob.read(CHUNK_BYTES):
                yield decryptor.update(chunk)

    def _finish_interrupted_moves(self) -> None:
        """After a crash: an item whose original still stands is dropped (the next scan finds it again)."""
        for row in self._store.rows("SELECT * FROM quarantine WHERE state = 'MOVING'"):
            if os.path.lexists(row["path"]):
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


def display_path(path: str | bytes) -> str:
    """A path as text that any reader survives: bytes that are no UTF-8 become `\\xNN`, control characters too."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def remove_same_file(found: FoundFile, status: os.stat_result) -> None:
    """Unlink the name if it still is the file of `status`.

    Raises:
        QuarantineRaceError: It is another file by now.
    """
    current = os.stat(found.name, dir_fd=found.folder_fd, follow_symlinks=False)
    if (current.st_ino, current.st_dev) != (status.st_ino, status.st_dev):
        raise QuarantineRaceError(f"{display_path(found.path)} was replaced while it was being scanned")
    os.unlink(found.name, dir_fd=found.folder_fd)


def restore_attributes(descriptor: int, row: sqlite3.Row) -> None:
    """Give back owner (where we may), mode and modification time."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, row["uid"], row["gid"])
    os.fchmod(descriptor, row["mode"] & SAFE_MODE_BITS)
    os.utime(descriptor, ns=(row["modified_ns"], row["modified_ns"]))


@contextlib.contextmanager
def open_real_folder(path: bytes) -> Iterator[int]:
    """Open an absolute folder one step at a time, refusing links: nobody may steer a restore elsewhere.

    Raises:
        RestorePathChangedError: A step is missing, no folder, or a link.
    """
    try:
        folder_fd = open_steps(path)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
        raise RestorePathChangedError(f"the folder {display_path(path)} is not what it was") from error
    try:
        yield folder_fd
    finally:
        os.close(folder_fd)


def open_steps(path: bytes) -> int:
    """A descriptor of the folder; OSError when a step is missing or a link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    current = os.open("/", flags)
    for step in [part for part in path.split(b"/") if part]:
        try:
            deeper = os.open(step, flags, dir_fd=current)
        finally:
            os.close(current)
        current = deeper
    return current
