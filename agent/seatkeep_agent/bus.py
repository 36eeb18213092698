"""The connection to the broker: TLS always, our own nkey, for ever."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from seatkeep_machine.network import proxy_of, trouble
from seatkeep_protocol.subjects import direct_get_subject, inbox_prefix, kv_subject

from seatkeep_agent.clock import wait_for
from seatkeep_agent.errors import BrokerUnsafeError, ManagerUnreachableError
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.proxied import websocket_client

log = logging.getLogger(__name__)

SAFE_SCHEMES = frozenset({"tls", "wss"})
CONNECT_SECONDS = 10
REQUEST_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
PING_SECONDS = 20
REFUSALS = ("authorization violation", "authentication revoked", "authentication expired")
KV_PREFIX = kv_subject("")

Document = Callable[[str, bytes], None]


def is_refusal(error: Exception) -> bool:
    """Whether the broker refused who we are: a JWT that was revoked or has ended, or is not its own.

    nats-py raises its base class with the server's words for it.
    """
    return isinstance(error, NatsError) and any(words in str(error).lower() for words in REFUSALS)


def ways(urls: list[str]) -> list[str]:
    """The broker's addresses in the order in which they are tried: where a proxy leads out, those that can go by it."""
    return sorted(urls, key=lambda url: urlsplit(url).scheme != "wss" or proxy_of(url) is None)


class _Ack(msgspec.Struct, frozen=True):
    stream: str = ""
    seq: int = 0
    error: dict[str, Any] | None = None


class NotStoredError(Exception):
    """The broker did not say that it has the message; send it again later."""


class Bus:
    """One agent's connection.

    The library's own reconnecting is not used: it follows a server that says "no TLS" and gives up for good on an
    expired JWT. Each attempt here is a fresh connection with today's JWT and addresses.

    Args:
        device: The device's id.
        keys: Signs the broker's nonce.
        jwt: Gives the user JWT of today.
        urls: Gives the broker's addresses, best first.
        tls: Gives the TLS context.
        on_document: Called with (key, stored bytes) for each document that comes.
        on_connect: Called after each connect.
        on_refused: Called with the JWT that the broker refused.
    """

    def __init__(
        self,
        *,
        device: str,
        keys: AgentKeys,
        jwt: Callable[[], str],
        urls: Callable[[], list[str]],
        tls: Callable[[], ssl.SSLContext],
        on_document: Document,
        on_connect: Callable[[], Awaitable[None]],
        on_refused: Callable[[str], None],
    ) -> None:
        self._device, self._keys = device, keys
        self._jwt, self._urls, self._tls = jwt, urls, tls
        self._on_document, self._on_connect, self._on_refused = on_document, on_connect, on_refused
        self._client: Client | None = None
        self._closed, self._hurry = asyncio.Event(), asyncio.Event()
        self._followed: set[str] = set()
        self._unread: set[str] = set()
        self._absent: set[str] = set()
        self._shown = ""
        self.last_error = ""

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there."""
        return self._client is not None and self._client.is_connected

    async def run(self) -> None:
        """Stay connected for ever; pauses grow to 30 s and are jittered, so that a fleet does not come at once."""
        attempt = 0
        while True:
            self._hurry.clear()
            for url in ways(self._urls()):
                if await self._session(url):
                    attempt = 0
                    break
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 10))
            attempt += 1
            await wait_for(self._hurry, longest * (0.5 + random.random() / 2))  # noqa: S311  # spreads load

    async def follow(self, keys: Collection[str]) -> None:
        """Watch bucket keys from now on and read them once; those watched already are left alone."""
        for key in keys:
            if key not in self._followed and self._client is not None:
                self._followed.add(key)
                await self._client.subscribe(kv_subject(key), cb=self._pushed)
                await self.read(key)

    async def read(self, key: str) -> None:
        """Read a key's newest document straight from the broker; nothing happens when there is none."""
        if self._client is None:
            return
        try:
            answer = await self._client.request(direct_get_subject(key), b"", timeout=REQUEST_SECONDS)
        except (NatsError, TimeoutError) as error:
            log.warning("%s cannot be read: %s", key, error or type(error).__name__)
            self._unread.add(key)
            return
        self._unread.discard(key)
        if answer.data and "Status" not in (answer.headers or {}):
            self._arrived(key, answer.data)
        else:
            self._absent.add(key)

    async def read_missing(self) -> None:
        """Read again what could not be read, or was not there: the broker may have been starting."""
        for key in self._unread | self._absent:
            await self.read(key)

    def is_absent(self, key: str) -> bool:
        """Whether the broker said, in this connection, that it has no such document."""
        return key in self._absent

    async def publish(self, subject: str, raw: bytes, message_id: str) -> None:
        """Send a message and wait until the broker has it; a repeated id is dropped there.

        Raises:
            NotStoredError: It does not say so.
        """
        if self._client is None:
            raise NotStoredError("not connected")
        try:
            headers = {"Nats-Msg-Id": message_id}
            answer = await self._client.request(subject, raw, timeout=REQUEST_SECONDS, headers=headers)
            ack = msgspec.json.decode(answer.data, type=_Ack)
        except (NatsError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise NotStoredError(str(error) or type(error).__name__) from error
        if ack.error is not None or not ack.stream:
            raise NotStoredError(str(ack.error))

    async def reconnect(self) -> None:
        """Connect anew and at once, for a new JWT or new addresses."""
        self._hurry.set()
        if self._client is not None:
            await self._client.close()

    async def _session(self, url: str) -> bool:
        """One connection from beginning to end; False when there was none."""
        try:
            self._client = await self._connect(url)
        except (NatsError, OSError, TimeoutError, ssl.SSLError, BrokerUnsafeError, ManagerUnreachableError) as error:
            await self._fail(url, error)
            if is_refusal(error):
                self._on_refused(self._shown)
            return False
        except Exception as error:  # aiohttp's errors have no common base with the others.
            await self._fail(url, error)
            return False
        self.last_error = ""
        self._followed.clear()
        self._unread.clear()
        self._absent.clear()
        log.info("connected to %s", url)
        try:
            await self._on_connect()
            await self._closed.wait()
        except (NatsError, TimeoutError, OSError) as error:
            await self._fail(url, error)
        finally:
            client, self._client = self._client, None
            if client is not None and not client.is_closed:
                await client.close()
        return True

    async def _fail(self, url: str, error: Exception) -> None:
        self.last_error = f"broker at {await asyncio.to_thread(trouble, url, error)}"
        log.info("%s", self.last_error)

    async def _connect(self, url: str) -> Client:
        scheme = urlsplit(url).scheme
        if scheme not in SAFE_SCHEMES:
            raise BrokerUnsafeError(f"{url} does not promise TLS")
        self._closed = closed = asyncio.Event()

        async def on_closed() -> None:
            closed.set()

        def show_jwt() -> bytearray:
            self._shown = self._jwt()
            return bytearray(self._shown.encode())

        reasons: list[Exception] = []

        async def on_error(error: Exception) -> None:
            reasons.append(error)
            log.info("broker: %s", error)

        try:
            client = websocket_client(proxy_of(url)) if scheme == "wss" else Client()
            await client.connect(
                url,
                tls=self._tls(),
                tls_handshake_first=scheme == "tls",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # The library's 60 would keep us from the next address for minutes.
                reconnect_time_wait=0,
                connect_timeout=CONNECT_SECONDS,
                ping_interval=PING_SECONDS,
                max_outstanding_pings=2,
                inbox_prefix=inbox_prefix(self._device).encode(),
                user_jwt_cb=show_jwt,
                signature_cb=lambda nonce: b64encode(self._keys.nkey_sign(nonce.encode())),
                closed_cb=on_closed,
                disconnected_cb=on_closed,
                error_cb=on_error,
            )
        except NoServersError as error:
            raise (reasons[-1] if reasons else error) from None
        return client

    async def _pushed(self, message: Msg) -> None:
        if message.data:
            self._arrived(message.subject.removeprefix(KV_PREFIX), message.data)

    def _arrived(self, key: str, raw: bytes) -> None:
        self._absent.discard(key)
        self._on_document(key, raw)
