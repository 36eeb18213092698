"""Files of Windows, by handles.

There are no folders to open files relative to, so it is asked of the open file where it really is: a handle whose final
path is not the path that was walked came by a link that somebody put in the way, and is closed again. What is removed
is removed by its handle, never by its name. All paths have the `\\\\?\\` prefix, so names that the shell cannot spell
(longer than 260 characters, ending in a dot, called CON) are as good as others.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import contextlib
import msvcrt
import ntpath
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import win32con
import win32file
import winerror
from seatkeep_machine.windows.errors import as_os_error
from seatkeep_machine.windows.security import access_list, security_attributes

from seatkeep_endpoint.errors import QuarantineRaceError, RestorePathChangedError, RestoreTargetExistsError
from seatkeep_endpoint.platforms.base import FileStamp, FoundFile
from seatkeep_endpoint.platforms.windows_places import extended, is_at, is_plain, plain, real_path
from seatkeep_endpoint.platforms.windows_stamp import remove_on_close, security_of, stamp_give
from seatkeep_endpoint.scanning.display import display_path

SHARE_ALL = win32con.FILE_SHARE_READ | win32con.FILE_SHARE_WRITE | win32con.FILE_SHARE_DELETE
SHARE_BUT_DELETE = win32con.FILE_SHARE_READ | win32con.FILE_SHARE_WRITE
FILE_FLAG_OPEN_REPARSE_POINT = 0x00200000
FILE_WRITE_ATTRIBUTES = 0x0100
SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION = 0x00100000, 0x00010000
SAFELY = SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION
NAME_SURROGATE = 0x20000000
"""Bit of a reparse tag that means: this stands for another name (links, mount points)."""
IN_THE_CLOUD = 0x00400000 | 0x00001000
"""RECALL_ON_DATA_ACCESS, OFFLINE: reading would fetch the content from elsewhere."""
MISSING = (winerror.ERROR_FILE_NOT_FOUND, winerror.ERROR_PATH_NOT_FOUND, winerror.ERROR_DIRECTORY)


@dataclass(frozen=True)
class WindowsFile:
    """A file by its absolute path, without prefix."""

    path: str

    def open(self) -> int:
        if not is_plain(self.path):
            raise OSError(f"{self.path} is no file but a stream of one, or no plain path")
        with as_os_error(self.path):
            handle = win32file.CreateFile(
                extended(self.path), win32con.GENERIC_READ, SHARE_ALL, None, win32con.OPEN_EXISTING,
                win32con.FILE_FLAG_SEQUENTIAL_SCAN | SAFELY, None,
            )  # fmt: skip
            if not is_at(int(handle), self.path):
                handle.Close()
                raise OSError(f"{self.path} is reached by a link")
        return msvcrt.open_osfhandle(int(handle.Detach()), os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

    def remove(self, descriptor: int) -> None:
        with as_os_error(self.path):
            handle = win32file.CreateFile(
                extended(self.path), win32con.DELETE | FILE_WRITE_ATTRIBUTES, SHARE_ALL, None,
                win32con.OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT | SAFELY, None,
            )  # fmt: skip
            with contextlib.closing(handle):
                if file_id(int(handle)) != file_id(msvcrt.get_osfhandle(descriptor)):
                    raise QuarantineRaceError(f"{display_path(self.path)} was replaced while it was being scanned")
                remove_on_close(int(handle))


class WindowsFiles:
    """Files with attributes, owners and access lists."""

    always_excluded: Sequence[str] = ()

    def comparable(self, path: str) -> str:
        return path.replace("\\", "/").casefold()

    def resolved(self, target: str) -> str:
        return real_path(target)

    def is_folder(self, path: str) -> bool:
        return os.path.isdir(extended(path))

    def single(self, path: str) -> Iterator[FoundFile]:
        yield WindowsFile(plain(path))

    def below(
        self, top: str, is_excluded: Callable[[str], bool], unreadable: Callable[[str], None]
    ) -> Iterator[FoundFile]:
        waiting = [plain(top)]
        while waiting:
            folder = waiting.pop()
            folders = []
            for entry in entries(folder, unreadable):
                path = ntpath.join(folder, entry.name)
                if is_excluded(path):
                    continue
                status = entry_status(entry)
                if status is None or is_link(status):
                    continue
                if stat.S_ISDIR(status.st_mode):
                    folders.append(path)
                elif status.st_file_attributes & IN_THE_CLOUD:
                    unreadable(path)
                else:
                    yield WindowsFile(path)
            waiting += reversed(folders)

    def stamp(self, descriptor: int) -> FileStamp:
        status = os.fstat(descriptor)
        return FileStamp(
            mode=status.st_mode, uid=0, gid=0, modified_ns=status.st_mtime_ns, size_bytes=status.st_size,
            attributes=status.st_file_attributes, security=security_of(msvcrt.get_osfhandle(descriptor)),
        )  # fmt: skip

    def exists(self, path: bytes) -> bool:
        return os.path.lexists(extended(os.fsdecode(path)))

    @contextlib.contextmanager
    def restore(self, path: bytes, stamp: FileStamp) -> Iterator[BinaryIO]:
        target = plain(os.fsdecode(path))
        if not is_plain(target):
            raise RestorePathChangedError(f"{display_path(target)} is no plain path")
        with real_folder_held(ntpath.dirname(target)):
            handle = file_make(target)
            descriptor = msvcrt.open_osfhandle(handle, os.O_WRONLY | os.O_BINARY | os.O_NOINHERIT)
            with open(descriptor, "wb") as file:
                try:
                    if not is_at(handle, target):
                        raise RestorePathChangedError(f"the folder of {display_path(target)} is not what it was")
                    yield file
                    file.flush()
                    os.fsync(descriptor)
                    stamp_give(handle, stamp)
                except BaseException:
                    remove_on_close(handle)
                    raise


def file_make(path: str) -> int:
    """A handle of a new file that nobody else can open yet.

    Raises:
        RestoreTargetExistsError: Something is there.
        OSError: Not allowed.
    """
    wanted = win32con.GENERIC_WRITE | win32con.DELETE | win32con.WRITE_DAC | win32con.READ_CONTROL
    try:
        with as_os_error(path):
            made = win32file.CreateFile(
                extended(path), wanted, 0, security_attributes(access_list(is_private=True)), win32con.CREATE_NEW,
                win32con.FILE_ATTRIBUTE_NORMAL, None,
            )  # fmt: skip
    except FileExistsError as error:
        raise RestoreTargetExistsError(f"{display_path(path)} exists already") from error
    return int(made.Detach())


@contextlib.contextmanager
def real_folder_held(path: str) -> Iterator[None]:
    """Hold an absolute folder, so that nobody can rename it, and see that no link leads to it.

    Raises:
        RestorePathChangedError: It is missing, no folder, or reached by a link.
    """
    try:
        with as_os_error(path):
            handle = win32file.CreateFile(
                extended(path), win32con.GENERIC_READ, SHARE_BUT_DELETE, None, win32con.OPEN_EXISTING,
                win32con.FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT | SAFELY, None,
            )  # fmt: skip
    except OSError as error:
        if error.winerror not in MISSING:
            raise
        raise RestorePathChangedError(f"the folder {display_path(path)} is gone") from error
    with contextlib.closing(handle):
        attributes = win32file.GetFileInformationByHandle(int(handle))[0]
        is_folder = attributes & win32con.FILE_ATTRIBUTE_DIRECTORY
        if not is_folder or attributes & win32con.FILE_ATTRIBUTE_REPARSE_POINT or not is_at(int(handle), path):
            raise RestorePathChangedError(f"the folder {display_path(path)} is not what it was")
        yield


def entries(folder: str, unreadable: Callable[[str], None]) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; a folder that cannot be read is told, one that is gone is not."""
    try:
        with os.scandir(extended(folder)) as found:
            return sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError:
        unreadable(folder)
        return []


def entry_status(entry: os.DirEntry[str]) -> os.stat_result | None:
    """What an entry is itself, None when it is gone."""
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None


def is_link(status: os.stat_result) -> bool:
    """Whether an entry stands for another name. (Deduplicated and compressed files have reparse points too.)"""
    return bool(
        stat.S_ISLNK(status.st_mode)
        or (
            status.st_file_attributes & win32con.FILE_ATTRIBUTE_REPARSE_POINT and status.st_reparse_tag & NAME_SURROGATE
        )
    )


def file_id(handle: int) -> tuple[int, int, int]:
    """What tells a file from all others of this machine: volume and both halves of its number."""
    found = win32file.GetFileInformationByHandle(handle)
    return found[4], found[8], found[9]
