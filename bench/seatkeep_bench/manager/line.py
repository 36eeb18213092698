"""A lean connection to the broker for thousands of devices at once: the protocol of NATS and nothing else.

A full client costs a device ten times the memory and the time to connect, so that it would measure itself. TLS, the
device's own JWT and its signature of the broker's nonce are those of a real agent.

Source:
    https://docs.nats.io/reference/reference-protocols/nats-protocol
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

CONNECT_SECONDS = 30
_END = b"\r\n"

OnMessage = Callable[[str, bytes, bytes], None]
"""Called with subject, headers (empty without) and payload."""


class LineError(Exception):
    """The broker refused, hung up or did not answer."""


class Line(asyncio.Protocol):
    """One connection; it does not come back by itself."""

    def __init__(self, *, jwt: str, sign: Callable[[bytes], bytes], on_message: OnMessage) -> None:
        """Prepare; see `open`."""
        self._jwt, self._sign, self._on_message = jwt, sign, on_message
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._awaited: tuple[str, int, int] | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()

    @classmethod
    async def open(
        cls, url: str, context: ssl.SSLContext, *, jwt: str, sign: Callable[[bytes], bytes], on_message: OnMessage
    ) -> Line:
        """Connect.

        Args:
            url: `tls://host:port`.
            context: TLS trust.
            jwt: The device's user JWT.
            sign: Signs the broker's nonce with the key that the JWT names.
            on_message: Gets what comes.

        Raises:
            LineError: The broker refused or does not answer in 30 s.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 4222
        loop = asyncio.get_running_loop()
        line: Line | None = None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, line = await loop.create_connection(
                    lambda: cls(jwt=jwt, sign=sign, on_message=on_message), host, port, ssl=context
                )
                await line.ready
        except (OSError, TimeoutError, LineError) as error:
            if line is not None:
                line.close()
            raise LineError(f"{type(error).__name__}: {error}") from error
        return line

    def subscribe(self, subject: str, number: int) -> None:
        """Have messages of a subject brought; `number` is the line's own for it."""
        self._write(f"SUB {subject} {number}\r\n".encode())

    def unsubscribe(self, number: int) -> None:
        """Have no more messages of a subscription."""
        self._write(f"UNSUB {number}\r\n".encode())

    def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        """Send a message; a stream answers on `reply` once it has it."""
        self._write(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + _END)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the broker's greeting."""
        self._transport = transport  # type: ignore[assignment]  # a stream's

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self.lost.set()
        if not self.ready.done():
            self.ready.set_exception(LineError(f"hung up: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Take apart what came."""
        self._buffer += data
        at = 0
        while (end := self._next(at)) is not None:
            at = end
        self._buffer = self._buffer[at:]

    def _next(self, at: int) -> int | None:
        """Take one message or command from a place on; returns where the next one begins, None when it is not whole."""
        if self._awaited is not None:
            subject, head, size = self._awaited
            if len(self._buffer) < at + size + 2:
                return None
            self._awaited = None
            self._on_message(subject, self._buffer[at : at + head], self._buffer[at + head : at + size])
            return at + size + 2
        end = self._buffer.find(_END, at)
        if end < 0:
            return None
        self._command(self._buffer[at:end])
        return end + 2

    def _command(self, line: bytes) -> None:
        words = line.split(b" ")
        verb = words[0].upper()
        if verb == b"MSG":
            self._awaited = (words[1].decode(), 0, int(words[-1]))
        elif verb == b"HMSG":
            self._awaited = (words[1].decode(), int(words[-2]), int(words[-1]))
        elif verb == b"PING":
            self._write(b"PONG\r\n")
        elif verb == b"PONG" and not self.ready.done():
            self.ready.set_result(None)
        elif verb == b"INFO" and not self.ready.done():
            self._greet(json.loads(line[5:]))
        elif verb == b"-ERR" and not self.ready.done():
            self.ready.set_exception(LineError(line.decode(errors="replace")))

    def _greet(self, info: dict[str, str]) -> None:
        signature = base64.b64encode(self._sign(info["nonce"].encode())).decode()
        words = {
            "verbose": False, "pedantic": False, "lang": "python", "version": "0", "protocol": 1, "headers": True,
            "no_responders": True, "jwt": self._jwt, "sig": signature,
        }  # fmt: skip
        self._write(b"CONNECT " + json.dumps(words).encode() + b"\r\nPING\r\n")

    def _write(self, data: bytes) -> None:
        if self._transport is None or self.lost.is_set():
            raise LineError("not connected")
        self._transport.write(data)
