"""The RSGI application: a handful of routes, no framework, no translation between the server and us.

`granian --interface rsgi --loop uvloop seatkeep_hub.fast.app:app`
"""

from __future__ import annotations

import asyncio
import gc
import logging
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import parse_qs

import msgspec
from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]  # Granian does not say that it exports both.
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
YOUNG_OBJECTS = 20_000

Answer: TypeAlias = tuple[int, object]
Handler: TypeAlias = Callable[[Scope, HTTPProtocol], Awaitable[Answer]]
Headers: TypeAlias = list[tuple[str, str]]

NOT_KEPT = ("cache-control", "no-store")
JSON: Headers = [("content-type", "application/json"), NOT_KEPT]

log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class FastApp:
    """Activate, renew, release, announce, keys, health."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._service: Service | None = None
        self._starting = asyncio.Lock()
        self._routes: dict[str, tuple[str, Handler]] = {
            "/activate/v1/activate": ("POST", self._activate),
            "/activate/v1/renew": ("POST", self._renew),
            "/activate/v1/release": ("POST", self._release),
            "/.well-known/seatkeep-keys.json": ("GET", self._keys),
            "/api/v1/announce": ("GET", self._announce),
            "/healthz": ("GET", self._health),
        }

    async def service(self) -> Service:
        """The running service, started at the first use."""
        if self._service is not None:
            return self._service
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

    def __rsgi_init__(self, loop: AbstractEventLoop) -> None:
        """Start the service with its worker, so that the first device need not wait for it."""
        loop.run_until_complete(self.service())
        collect_seldom()

    def __rsgi_del__(self, loop: AbstractEventLoop) -> None:
        """Stop the service with its worker."""
        loop.run_until_complete(self.stop())

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer one request."""
        headers = JSON
        try:
            status, document = await self._route(scope, protocol)
        except Refused as refused:
            status, document, headers = refused.status, refused.document(), _problem_headers(refused)
        except Exception:
            log.exception("%s %s failed", scope.method, scope.path)
            busy = Refused("busy")
            status, document, headers = busy.status, busy.document(), _problem_headers(busy)
        protocol.response_bytes(status, headers, _encode(document))

    async def _route(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        route = self._routes.get(scope.path)
        if route is None:
            raise Refused("not_found")
        method, handler = route
        if scope.method != method:
            raise Refused("method_not_allowed")
        return await handler(scope, protocol)

    async def _activate(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        body = await _body(protocol)
        return await (await self.service()).activate(body, clock.now())

    async def _renew(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        body = await _body(protocol)
        return await (await self.service()).renew(body, clock.now())

    async def _release(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        body = await _body(protocol)
        return await (await self.service()).release(body, clock.now())

    async def _keys(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        keys = await (await self.service()).lease_keys()
        return 200, keys.trusted.to_jwks()

    async def _health(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        await (await self.service()).database.query("ping", {})
        return 200, {"status": "ok"}

    async def _announce(self, scope: Scope, protocol: HTTPProtocol) -> Answer:
        service = await self.service()
        query = scope.query_string
        signer = await caller_prove(
            service.database,
            authorization=scope.headers.get("authorization", ""),
            audience=service.settings.people_url,
            method="GET",
            target=scope.path + (f"?{query}" if query else ""),
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


def collect_seldom() -> None:
    """Look for circles of garbage seldom, and never again among what is loaded by now.

    Requests leave no circles behind; looking after every 700 new objects was 7 % of the processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _seconds(text: str) -> float:
    if not text:
        return DEFAULT_WAIT_SECONDS
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Refused("malformed")
    return float(text)


def _problem_headers(refused: Refused) -> Headers:
    headers = [("content-type", "application/problem+json"), NOT_KEPT]
    if refused.status == 503:
        headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
    return headers


async def _body(protocol: HTTPProtocol) -> bytes:
    """Read the body, also the rest of one that is too large: unread, it would cost the front door the connection."""
    body = b""
    size = 0
    async for part in protocol:
        size += len(part)
        if size <= MAX_BODY_BYTES:
            body += part
        elif size > MAX_READ_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise Refused("too_large")
    return body


app = FastApp()
