"""The fast path under httpx without a server: an RSGI request made of an HTTP one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
from seatkeep_hub.fast.app import FastApp


class RsgiTransport(httpx.AsyncBaseTransport):
    """Hands every request to the application, and its answer back."""

    def __init__(self, app: FastApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        scope = SimpleNamespace(
            method=request.method,
            path=request.url.path,
            query_string=request.url.query.decode(),
            headers=request.headers,
        )
        protocol = _Protocol(request)
        await self._app.__rsgi__(scope, protocol)
        status, headers, body = protocol.answer
        return httpx.Response(status, headers=headers, content=body)


class _Protocol:
    """What Granian gives an application: the body in parts, and a place for the answer."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._request.stream:
            yield part

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = status, headers, body
