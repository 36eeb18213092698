"""Named pipes with asyncio streams on both ends.

Python's Proactor loop knows how to accept and read a pipe, but makes it with the default access list, and connects so
that a false server could act as us. So the handles are made here and handed to the loop.

Source:
    Windows documentation, "Named Pipe Security and Access Rights"; CPython, Lib/asyncio/windows_events.py.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import asyncio
import hashlib
import logging
import os
from asyncio.windows_utils import PipeHandle
from pathlib import Path
from typing import Any

import win32con
import win32file
import win32pipe

from seatkeep_machine.base import ConnectionHandler
from seatkeep_machine.errors import PeerAbsentError, PeerStrangeError
from seatkeep_machine.windows.errors import as_os_error
from seatkeep_machine.windows.security import access_list, is_trusted, owner_of_object, security_attributes

log = logging.getLogger(__name__)
BUFFER_BYTES = 64 * 1024
RETRY_SECONDS = 1.0
FILE_FLAG_FIRST_PIPE_INSTANCE = 0x00080000
PIPE_REJECT_REMOTE_CLIENTS = 0x00000008
SECURITY_SQOS_PRESENT = 0x00100000
SECURITY_IDENTIFICATION = 0x00010000
"""The server may see who we are, and no more: it cannot act as us."""


def pipe_name(path: Path) -> str:
    """The pipe that stands for a socket's path."""
    spelled = os.path.normcase(os.path.abspath(path))
    return rf"\\.\pipe\seatkeep-{hashlib.sha256(spelled.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


class PipeServer:
    """Listens on a pipe that only this user, the system and the Administrators can open.

    Args:
        path: Names the pipe.
        handler: Called for each connection.

    Raises:
        OSError: Another program holds the name.
    """

    def __init__(self, path: Path, handler: ConnectionHandler) -> None:
        self._name, self._handler = pipe_name(path), handler
        self._loop: Any = asyncio.get_running_loop()
        self._is_closed = False
        self._accepting: asyncio.Future[PipeHandle] | None = None
        self._waiting = self._make(FILE_FLAG_FIRST_PIPE_INSTANCE)
        self._accept()

    def close(self) -> None:
        """Stop listening. Idempotent."""
        self._is_closed = True
        if self._accepting is not None:
            self._accepting.cancel()
        self._waiting.close()

    def _make(self, more_flags: int = 0) -> PipeHandle:
        with as_os_error(self._name):
            made: Any = win32pipe.CreateNamedPipe(
                self._name,
                win32pipe.PIPE_ACCESS_DUPLEX | win32con.FILE_FLAG_OVERLAPPED | more_flags,
                win32pipe.PIPE_TYPE_BYTE | win32pipe.PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
                win32pipe.PIPE_UNLIMITED_INSTANCES,
                BUFFER_BYTES,
                BUFFER_BYTES,
                0,
                security_attributes(access_list(is_private=True)),
            )
        return PipeHandle(made.Detach())

    def _accept(self) -> None:
        try:
            accepting: asyncio.Future[PipeHandle] = self._loop._proactor.accept_pipe(self._waiting)
        except OSError as error:  # Somebody came and went before we looked.
            log.debug("a connection was lost before it began: %s", error)
            self._waiting.close()
            self._loop.call_soon(self._wait_again)
        else:
            self._accepting = accepting
            accepting.add_done_callback(self._accepted)

    def _accepted(self, accepting: asyncio.Future[PipeHandle]) -> None:
        if self._is_closed or accepting.cancelled():
            return
        pipe, error = self._waiting, accepting.exception()
        if error is None:
            reader = asyncio.StreamReader(loop=self._loop)
            protocol = asyncio.StreamReaderProtocol(reader, self._handler, loop=self._loop)
            self._loop._make_duplex_pipe_transport(pipe, protocol)
        else:
            log.debug("a connection was lost before it began: %s", error)
            pipe.close()
        self._wait_again()

    def _wait_again(self) -> None:
        """Make the next instance; when the system has no room for it, try again in a second."""
        if self._is_closed:
            return
        try:
            self._waiting = self._make()
        except OSError as error:
            log.error("the local channel takes nobody in: %s", error)
            self._loop.call_later(RETRY_SECONDS, self._wait_again)
        else:
            self._accept()


def pipe_connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a pipe whose maker is trusted.

    Raises:
        PeerAbsentError: Nobody listens, or (`PeerStrangeError`) somebody else does.
    """
    loop: Any = asyncio.get_running_loop()
    try:
        pipe = PipeHandle(open_trusted(pipe_name(path)))
    except OSError as error:
        raise PeerAbsentError(f"nobody listens at {pipe_name(path)}: {error.strerror}") from error
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport = loop._make_duplex_pipe_transport(pipe, protocol)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def open_trusted(name: str) -> int:
    """A handle of the pipe. Its owner is asked of the open pipe itself, so nobody can step in afterwards.

    Raises:
        OSError: Nobody listens, or all instances are taken.
        PeerStrangeError: A stranger made it.
    """
    with as_os_error(name):
        handle = win32file.CreateFile(
            name,
            win32con.GENERIC_READ | win32con.GENERIC_WRITE,
            0,
            None,
            win32con.OPEN_EXISTING,
            win32con.FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
            None,
        )
        owner = owner_of_object(int(handle))
    if not is_trusted(owner):
        handle.Close()
        raise PeerStrangeError(f"{owner} listens at {name}; not talking to it")
    return int(handle.Detach())
