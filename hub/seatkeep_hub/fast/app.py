"""The ASGI application: a handful of routes, no framework.

`granian --interface asgi seatkeep_hub.fast.app:app`
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import msgspec
from seatkeep_license.keys import use_engine
from seatkeep_license.localhost import install_localhost_names
from seatkeep_webkit import clock

from seatkeep_hub.fast.announce import caller_prove, changed_wait
from seatkeep_hub.fast.problems import RETRY_AFTER_SECONDS, Refused
from seatkeep_hub.fast.service import Service
from seatkeep_hub.fast.settings import Settings
from seatkeep_hub.fast.signatures import Sodium

MAX_BODY_BYTES = 16_384
MAX_READ_BYTES = 65_536
DEFAULT_WAIT_SECONDS = 25.0

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer: TypeAlias = tuple[int, object]

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class FastApp:
    """Activate, renew, release, announce, keys, health."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._service: Service | None = None
        self._starting = asyncio.Lock()

    async def service(self) -> Service:
        """The running service, started at the first use."""
        async with self._starting:
            if self._service is None:
                install_localhost_names()
                use_engine(Sodium())
                service = Service(self._settings or Settings.from_environment())
                await service.start()
                self._service = service
        return self._service

    async def stop(self) -> None:
        """Stop the service, if it runs."""
        if self._service is not None:
            await self._service.stop()
            self._service = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the server's life."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.service()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, document = await self._route(scope, receive)
            headers = [(b"content-type", b"application/json")]
        except Refused as refused:
            status, document, headers = refused.status, refused.document(), _problem_headers(refused)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            busy = Refused("busy")
            status, document, headers = busy.status, busy.document(), _problem_headers(busy)
        body = _encode(document)
        headers += [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _route(self, scope: Scope, receive: Receive) -> Answer:
        routes: dict[str, tuple[str, Callable[[Scope, Receive], Awaitable[Answer]]]] = {
            "/activate/v1/activate": ("POST", self._activate),
            "/activate/v1/renew": ("POST", self._renew),
            "/activate/v1/release": ("POST", self._release),
            "/.well-known/seatkeep-keys.json": ("GET", self._keys),
            "/api/v1/announce": ("GET", self._announce),
            "/healthz": ("GET", self._health),
        }
        route = routes.get(scope["path"])
        if route is None:
            raise Refused("not_found")
        method, handler = route
        if scope["method"] != method:
            raise Refused("method_not_allowed")
        return await handler(scope, receive)

    async def _activate(self, scope: Scope, receive: Receive) -> Answer:
        body = await _body(receive)
        return await (await self.service()).activate(body, clock.now())

    async def _renew(self, scope: Scope, receive: Receive) -> Answer:
        body = await _body(receive)
        return await (await self.service()).renew(body, clock.now())

    async def _release(self, scope: Scope, receive: Receive) -> Answer:
        body = await _body(receive)
        return await (await self.service()).release(body, clock.now())

    async def _keys(self, scope: Scope, receive: Receive) -> Answer:
        keys = await (await self.service()).lease_keys()
        return 200, keys.trusted.to_jwks()

    async def _health(self, scope: Scope, receive: Receive) -> Answer:
        await (await self.service()).database.query("ping", {})
        return 200, {"status": "ok"}

    async def _announce(self, scope: Scope, receive: Receive) -> Answer:
        service = await self.service()
        query = scope["query_string"].decode("latin-1")
        signer = await caller_prove(
            service.database,
            authorization=_header(scope, b"authorization"),
            audience=service.settings.people_url,
            method="GET",
            target=scope["path"] + (f"?{query}" if query else ""),
            now=clock.now(),
        )
        arguments = parse_qs(query)
        is_changed = await changed_wait(
            service.database,
            service.listener,
            company_id=signer.company_id,
            cursor=arguments.get("cursor", [None])[0],
            wait_seconds=_seconds(arguments.get("wait_seconds", [""])[0]),
        )
        return 200, {"changed": is_changed}


def _seconds(text: str) -> float:
    if not text:
        return DEFAULT_WAIT_SECONDS
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Refused("malformed")
    return float(text)


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def _problem_headers(refused: Refused) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", b"application/problem+json")]
    if refused.status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
    return headers


async def _body(receive: Receive) -> bytes:
    """Read the body, also the rest of one that is too large: unread, it would cost the front door the connection."""
    parts, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused("malformed")
        size += len(message.get("body", b""))
        if size <= MAX_BODY_BYTES:
            parts.append(message.get("body", b""))
        is_more = message.get("more_body", False) and size <= MAX_READ_BYTES
    if size > MAX_BODY_BYTES:
        raise Refused("too_large")
    return b"".join(parts)


app = FastApp()
