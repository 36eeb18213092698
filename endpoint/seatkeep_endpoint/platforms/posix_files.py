"""Files of Linux and macOS.

Every folder is opened relative to its parent with O_NOFOLLOW, so swapping a folder for a link in the middle of a scan
or of a restore leads nowhere.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from seatkeep_endpoint.errors import QuarantineRaceError, RestorePathChangedError, RestoreTargetExistsError
from seatkeep_endpoint.platforms.base import FileStamp, FoundFile
from seatkeep_endpoint.scanning.display import display_path

OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
CREATE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
SAFE_MODE_BITS = 0o777


@dataclass(frozen=True)
class PosixFile:
    """A file by its name below a folder that is open while the walk stands there."""

    path: str
    name: str
    folder_fd: int

    def open(self) -> int:
        descriptor = os.open(self.name, OPEN_FLAGS, dir_fd=self.folder_fd)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(f"{self.path} is no regular file")
        return descriptor

    def remove(self, descriptor: int) -> None:
        opened = os.fstat(descriptor)
        current = os.stat(self.name, dir_fd=self.folder_fd, follow_symlinks=False)
        if (current.st_ino, current.st_dev) != (opened.st_ino, opened.st_dev):
            raise QuarantineRaceError(f"{display_path(self.path)} was replaced while it was being scanned")
        os.unlink(self.name, dir_fd=self.folder_fd)


class PosixFiles:
    """Files with modes, owners and descriptors of folders."""

    always_excluded: Sequence[str] = ("/proc", "/sys", "/dev")

    def comparable(self, path: str) -> str:
        return path

    def resolved(self, target: str) -> str:
        return os.path.realpath(target)

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(path)

    def single(self, path: str) -> Iterator[FoundFile]:
        folder, name = os.path.split(path)
        folder_fd = os.open(folder, FOLDER_FLAGS)
        try:
            yield PosixFile(path=path, name=name, folder_fd=folder_fd)
        finally:
            os.close(folder_fd)

    def below(
        self, top: str, is_excluded: Callable[[str], bool], unreadable: Callable[[str], None]
    ) -> Iterator[FoundFile]:
        def report(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                unreadable(str(error.filename or ""))

        try:
            for folder, names, files, folder_fd in os.fwalk(top, onerror=report, follow_symlinks=False):
                names[:] = sorted(name for name in names if not is_excluded(os.path.join(folder, name)))
                for name in sorted(files):
                    path = os.path.join(folder, name)
                    if not is_excluded(path) and is_regular(name, folder_fd):
                        yield PosixFile(path=path, name=name, folder_fd=folder_fd)
        except OSError as error:  # Of the walk itself: the top is gone or closed to us.
            report(error)

    def stamp(self, descriptor: int) -> FileStamp:
        status = os.fstat(descriptor)
        return FileStamp(status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, status.st_size)

    def exists(self, path: bytes) -> bool:
        return os.path.lexists(path)

    @contextlib.contextmanager
    def restore(self, path: bytes, stamp: FileStamp) -> Iterator[BinaryIO]:
        folder, name = os.path.split(path)
        if {b"", b".", b".."} & set(path.split(b"/")[1:]):
            raise RestorePathChangedError(f"{display_path(path)} is no plain path")
        with open_real_folder(folder) as folder_fd:
            try:
                descriptor = os.open(name, CREATE_FLAGS, 0o600, dir_fd=folder_fd)
            except FileExistsError as error:
                raise RestoreTargetExistsError(f"{display_path(path)} exists already") from error
            try:
                with open(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    stamp_give(descriptor, stamp)
                    os.fsync(descriptor)
            except BaseException:
                os.unlink(name, dir_fd=folder_fd)
                raise


def is_regular(name: str, folder_fd: int) -> bool:
    """Whether the name stands for a regular file (links, sockets, pipes and devices are not)."""
    try:
        return stat.S_ISREG(os.stat(name, dir_fd=folder_fd, follow_symlinks=False).st_mode)
    except OSError:
        return False


def stamp_give(descriptor: int, stamp: FileStamp) -> None:
    """Give back owner (where we may), mode and modification time."""
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, stamp.uid, stamp.gid)
    os.fchmod(descriptor, stamp.mode & SAFE_MODE_BITS)
    os.utime(descriptor, ns=(stamp.modified_ns, stamp.modified_ns))


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
    flags = FOLDER_FLAGS | os.O_NOFOLLOW
    current = os.open("/", flags)
    for step in [part for part in path.split(b"/") if part]:
        try:
            deeper = os.open(step, flags, dir_fd=current)
        finally:
            os.close(current)
        current = deeper
    return current
