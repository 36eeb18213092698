"""ClamAV's daemon by its socket protocol (PING, VERSION, INSTREAM).

INSTREAM is used and not SCAN, because the daemon runs as a user that may not read every file, and because the bytes
then come from the file that we opened, not from whatever stands at the path a moment later.

Source:
    clamd(8), section COMMANDS.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from seatkeep_protocol.protection import Capabilities

from seatkeep_endpoint.engines.base import Finding
from seatkeep_endpoint.errors import EngineError, EngineUnavailableError

CHUNK_BYTES = 256 * 1024
TIMEOUT_SECONDS = 120.0
PING_TIMEOUT_SECONDS = 5.0
NEEDED_RAM_BYTES = 4 * 1024**3
USED_RAM_BYTES = 1_288_490_189  # 1.2 GiB, measured with the public signature set.
MAX_REPLY_BYTES = 64 * 1024
TEST_SIGNATURES = re.compile(r"eicar", re.IGNORECASE)


class ClamdEngine:
    """A clamd behind a Unix socket.

    Args:
        socket_path: The daemon's `LocalSocket`.
    """

    code = "clamd"

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def ping(self) -> bool:
        """Whether the daemon answers within five seconds."""
        try:
            return self._command(b"PING", PING_TIMEOUT_SECONDS) == "PONG"
        except EngineError:
            return False

    def version(self) -> str:
        """The daemon's VERSION line, such as "ClamAV 1.4.6/27400/Sat Nov 21 09:00:00 2026"; "" without an answer."""
        try:
            return self._command(b"VERSION", PING_TIMEOUT_SECONDS)
        except EngineError:
            return ""

    def capabilities(self) -> Capabilities:
        """On demand and scheduled; signatures without a date count as missing, because their age cannot be told."""
        made_at = parse_signatures_at(self.version())
        return Capabilities(
            is_running=self.ping(),
            scheduled=True,
            signatures_at_us=int(made_at.timestamp() * 1_000_000) if made_at else None,
            ram_bytes=USED_RAM_BYTES,
        )

    def examine(self, file: BinaryIO, *, size_bytes: int) -> Finding | None:
        """Stream a file to the daemon.

        Raises:
            EngineError: The file is bigger than the daemon's `StreamMaxLength`, or the daemon reports an error.
        """
        with self._connect(TIMEOUT_SECONDS) as connection:
            connection.sendall(b"zINSTREAM\0")
            # The daemon answers and hangs up early when a file is too long: read what it says, not our broken pipe.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while chunk := file.read(CHUNK_BYTES):
                    connection.sendall(struct.pack("!L", len(chunk)) + chunk)
                connection.sendall(struct.pack("!L", 0))
            return self._judge(read_reply(connection))

    def _judge(self, reply: str) -> Finding | None:
        if reply == "stream: OK":
            return None
        match = re.fullmatch(r"stream: (.+) FOUND", reply)
        if match is None:
            raise EngineError(f"clamd says: {reply[:200]}")
        name = match.group(1).removesuffix(".UNOFFICIAL")
        return Finding(name=name, engine=self.code, is_test=bool(TEST_SIGNATURES.search(name)))

    def _command(self, name: bytes, timeout_seconds: float) -> str:
        with self._connect(timeout_seconds) as connection:
            connection.sendall(b"z" + name + b"\0")
            return read_reply(connection)

    @contextlib.contextmanager
    def _connect(self, timeout_seconds: float) -> Iterator[socket.socket]:
        family = getattr(socket, "AF_UNIX", None)
        if family is None:
            raise EngineUnavailableError("clamd is spoken to over a Unix socket, which this system does not have")
        connection = socket.socket(family)
        connection.settimeout(timeout_seconds)
        try:
            connection.connect(str(self._socket_path))
            yield connection
        except OSError as error:
            raise EngineUnavailableError(f"clamd at {self._socket_path}: {error}") from error
        finally:
            connection.close()


def read_reply(connection: socket.socket) -> str:
    """One NUL-terminated answer, at most 64 KiB."""
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < MAX_REPLY_BYTES:
        part = connection.recv(4096)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0").decode("utf-8", "replace")


def parse_signatures_at(version: str) -> datetime | None:
    """When the daemon's signatures were made, by its VERSION line; None when it has only undated ones."""
    parts = version.split("/")
    if len(parts) != 3:
        return None
    with contextlib.suppress(ValueError):
        return datetime.strptime(parts[2].strip(), "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    return None
