"""The broker side of a simulated device: its own JWT and nkey, its own inbox, its own subjects (wire.md §7)."""

from __future__ import annotations

import base64
import logging
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from seatkeep_protocol.subjects import direct_get_subject, inbox_prefix, kv_subject

from seatkeep_bench.errors import TryAgainError
from seatkeep_bench.identity import Identity

ACK_SECONDS = 10
OnDocument = Callable[[str, bytes], Awaitable[None]]

_log = logging.getLogger(__name__)


class Bus:
    """A connection that comes back by itself for ever.

    Attributes:
        client: The client below, for benches that measure the broker alone.
    """

    def __init__(self, client: Client) -> None:
        """Wrap a connected client; see `connect`."""
        self.client = client

    @classmethod
    async def connect(
        cls,
        identity: Identity,
        *,
        device: str,
        urls: list[str],
        jwt: Callable[[], str],
        context: ssl.SSLContext,
        on_reconnect: Callable[[], Awaitable[None]],
    ) -> Bus:
        """Connect as a device.

        Args:
            identity: Who connects.
            device: Its id, 32 hex digits.
            urls: Addresses out of the enrollment answer; native ones are tried before WebSocket.
            jwt: Returns the newest broker JWT; asked at every connect.
            context: TLS trust.
            on_reconnect: Called after each reconnect, to read documents anew.

        Raises:
            TryAgainError: The broker cannot be reached or refuses the JWT now.
        """

        refusal: TryAgainError | None = None
        for group in (_native(urls), _websocket(urls)):
            if not group:
                continue
            try:
                return cls(await _open(identity, device, group, jwt, context, on_reconnect))
            except (TimeoutError, NatsError, OSError) as error:
                refusal = TryAgainError(f"broker: {error}", after_seconds=2)
        raise refusal or TryAgainError("broker: no address is known", after_seconds=60)

    async def publish(self, subject: str, message: bytes) -> None:
        """Send a message and wait until the stream has it.

        Raises:
            TryAgainError: No acknowledgement within 10 s, or the stream refused.
        """
        try:
            answer = await self.client.request(subject, message, timeout=ACK_SECONDS)
        except (NatsError, OSError) as error:
            raise TryAgainError(f"{subject}: {type(error).__name__}", after_seconds=1) from error
        if b'"error"' in answer.data:
            raise TryAgainError(f"{subject}: {answer.data[:200]!r}", after_seconds=1)

    async def watch(self, key: str, on_document: OnDocument) -> Any:
        """Have every new document of a key pushed; returns the subscription."""

        async def on_message(message: Msg) -> None:
            if message.data:
                await on_document(key, message.data)

        return await self.client.subscribe(kv_subject(key), cb=on_message)

    async def fetch(self, key: str) -> bytes | None:
        """Read a key's newest document from the broker; None when there is none.

        Raises:
            TryAgainError: The broker does not answer.
        """
        try:
            answer = await self.client.request(direct_get_subject(key), b"", timeout=ACK_SECONDS)
        except (NatsError, JetStreamError, OSError) as error:
            raise TryAgainError(f"{key}: {type(error).__name__}", after_seconds=1) from error
        has_status = bool(answer.headers) and "Status" in (answer.headers or {})
        return None if has_status or not answer.data else answer.data

    async def close(self) -> None:
        """Send what is waiting and hang up."""
        await self.client.close()


def _native(urls: list[str]) -> list[str]:
    return [url for url in urls if not url.startswith("ws")]


def _websocket(urls: list[str]) -> list[str]:
    return [url for url in urls if url.startswith("ws")]


async def _open(
    identity: Identity,
    device: str,
    urls: list[str],
    jwt: Callable[[], str],
    context: ssl.SSLContext,
    on_reconnect: Callable[[], Awaitable[None]],
) -> Client:
    """Connect by one kind of address: nats-py cannot mix native and WebSocket addresses."""

    async def on_error(error: Exception) -> None:
        _log.debug("%s: %s", identity.hostname, error)

    return await nats.connect(
        servers=urls,
        tls=context,
        tls_handshake_first=urls == _native(urls),
        user_jwt_cb=lambda: bytearray(jwt().encode()),
        signature_cb=lambda nonce: base64.b64encode(identity.nkey.sign(nonce.encode())),
        inbox_prefix=inbox_prefix(device).encode(),
        name=identity.hostname,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1 + random.random(),  # noqa: S311  # Jitter, so a fleet does not come back as one.
        connect_timeout=10,
        error_cb=on_error,
        reconnected_cb=on_reconnect,
    )
