"""What Linux and macOS have in common: rights, locks, signals, Unix sockets."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import asyncio
import fcntl
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seatkeep_machine.base import ConnectionHandler, LocalServer
from seatkeep_machine.errors import PeerAbsentError, PeerStrangeError

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class PosixMachine:
    """Everything but identity and the peer check, which each system does in its own way."""

    longest_socket_path = 100
    """Bytes; the kernels take 107 (Linux) and 103 (macOS)."""

    def guard_folder(self, folder: Path, *, is_private: bool) -> None:
        folder.mkdir(mode=0o700 if is_private else 0o755, parents=True, exist_ok=True)
        if is_private:
            folder.chmod(0o700)

    def hold(self, path: Path) -> int | None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor

    def holder(self, path: Path) -> int | None:
        try:
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    with suppress(ValueError):
                        return int(file.read())
        except OSError:
            return None
        return None

    @contextmanager
    def stop_requests(self, on_stop: Callable[[], object], *, is_with_input: bool) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, on_stop)
        if is_with_input:
            loop.add_reader(0, on_stop)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                loop.remove_signal_handler(number)
            if is_with_input:
                loop.remove_reader(0)

    def ask_to_end(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def kill(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    async def serve_local(self, path: Path, handler: ConnectionHandler) -> LocalServer:
        return await asyncio.start_unix_server(handler, sock=bind_private(path, self.longest_socket_path))

    async def connect_local(self, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            with short_path(path, self.longest_socket_path) as short:
                connection.connect(short)
            user = self.peer_user(connection)
        except OSError as error:
            connection.close()
            raise PeerAbsentError(f"nobody listens at {path}: {error}") from error
        if user not in (0, os.geteuid()):
            connection.close()
            raise PeerStrangeError(f"user {user} listens at {path}; not talking to it")
        return await asyncio.open_unix_connection(sock=connection)

    def peer_user(self, connection: socket.socket) -> int:
        """The user id of the other side."""
        raise NotImplementedError


def bind_private(path: Path, longest_bytes: int) -> socket.socket:
    """A Unix socket that only its owner can connect to, in place of a stale one."""
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    try:
        with short_path(path, longest_bytes) as short:
            listener.bind(short)
    finally:
        os.umask(mask)
    return listener


@contextmanager
def short_path(path: Path, longest_bytes: int) -> Iterator[str]:
    """The path as the kernel's address takes it; a longer one goes through a descriptor of its folder.

    Raises:
        OSError: Too long, and this system has no /proc.
    """
    if len(os.fsencode(path)) <= longest_bytes:
        yield str(path)
        return
    folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder_fd}/{path.name}"
    finally:
        os.close(folder_fd)
