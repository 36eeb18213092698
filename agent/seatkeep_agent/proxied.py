"""The broker's WebSocket, by an HTTP proxy where one leads out: nats-py knows none, aiohttp below it does."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import ParseResult

import aiohttp
from nats.aio.client import Client
from nats.aio.transport import WebSocketTransport


class ProxiedWebSocket(WebSocketTransport):
    """A WebSocket that asks a proxy for a tunnel (CONNECT); TLS is spoken with the broker itself.

    Unlike the library's own it leaves nothing open when it does not come about.

    Args:
        proxy: `http://host:port`; None for a straight way.
    """

    def __init__(self, proxy: str | None) -> None:
        super().__init__()
        self._proxy = proxy

    async def connect_tls(
        self, uri: str | ParseResult, ssl_context: ssl.SSLContext, buffer_size: int, connect_timeout: int
    ) -> None:
        url = uri if isinstance(uri, str) else uri.geturl()
        if self._client.closed:
            self._client = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(connect_timeout):
                self._ws = await self._client.ws_connect(url, ssl=ssl_context, proxy=self._proxy, max_msg_size=0)
        except BaseException:
            await self._client.close()
            raise
        self._using_tls = True


def websocket_client(proxy: str | None) -> Client:
    """A client of the broker that speaks by a WebSocket, and by a proxy when there is one."""
    client = Client()
    client._transport = ProxiedWebSocket(proxy)  # The library takes one that is there; it has no option.
    return client
