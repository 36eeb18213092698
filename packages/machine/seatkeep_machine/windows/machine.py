"""The Windows machine."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import asyncio
import msvcrt
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import pywintypes
import win32con
import win32file

from seatkeep_machine.base import ConnectionHandler, LocalServer
from seatkeep_machine.windows import identity, stopping
from seatkeep_machine.windows.pipes import PipeServer, pipe_connect
from seatkeep_machine.windows.security import folder_guard

LOCK_AT = 0x4000_0000
"""Far behind the process id, so that others can read it while the byte is locked."""


class WindowsMachine:
    """Windows; an administrator's rights are needed only for services and the system's own folders."""

    def default_root(self) -> Path:
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Seatkeep"

    def guard_folder(self, folder: Path, *, is_private: bool) -> None:
        folder_guard(folder, is_private=is_private)

    def hold(self, path: Path) -> int | None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_BINARY | os.O_NOINHERIT, 0o600)
        if not lock(descriptor, win32con.LOCKFILE_EXCLUSIVE_LOCK):
            os.close(descriptor)
            return None
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def holder(self, path: Path) -> int | None:
        with suppress(OSError), path.open("rb") as file:
            if not lock(file.fileno(), 0):
                with suppress(ValueError):
                    return int(file.read())
        return None

    def stop_requests(self, on_stop: Callable[[], object], *, is_with_input: bool) -> AbstractContextManager[None]:
        return stopping.stop_requests(on_stop, is_with_input=is_with_input)

    def ask_to_end(self, pid: int) -> None:
        stopping.process_ask_to_end(pid)

    def kill(self, pid: int) -> None:
        stopping.process_kill(pid)

    async def serve_local(self, path: Path, handler: ConnectionHandler) -> LocalServer:
        return PipeServer(path, handler)

    async def connect_local(self, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return pipe_connect(path)

    def fingerprint_components(self) -> dict[str, str]:
        return identity.fingerprint_components()


def lock(descriptor: int, kind: int) -> bool:
    """Lock one byte of a file, for as long as it is open; False when somebody else has it."""
    span = pywintypes.OVERLAPPED()
    span.Offset = LOCK_AT
    try:
        win32file.LockFileEx(msvcrt.get_osfhandle(descriptor), kind | win32con.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, span)
    except pywintypes.error:
        return False
    return True
