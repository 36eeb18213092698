"""The hub as devices see it (wire §4)."""

from __future__ import annotations

import asyncio
import ssl
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import msgspec
from seatkeep_license.errors import LicenseError
from seatkeep_license.keys import KeySet
from seatkeep_license.localhost import is_localhost_name
from seatkeep_machine.network import trouble

from seatkeep_endpoint.errors import HubError, HubUnreachableError

TIMEOUT_SECONDS = 20.0
MAX_ANSWER_BYTES = 64 * 1024


class Verb(StrEnum):
    """What a device may ask the hub."""

    ACTIVATE = "activate"
    RENEW = "renew"
    RELEASE = "release"


class LeaseAnswer(msgspec.Struct, frozen=True):
    """The hub's "yes" to activate and renew."""

    lease: str
    seat: str
    server_time_us: int


class Problem(msgspec.Struct, frozen=True):
    """The hub's "no" (problem+json)."""

    code: str
    detail: str = ""
    server_time_us: int | None = None


class HubAnswer(msgspec.Struct, frozen=True):
    """An HTTP answer, whether it came straight or by the agent's relay."""

    status: int
    body: bytes
    retry_after_seconds: float | None = None


class Hub(Protocol):
    """Who answers a device's licensing requests."""

    async def ask(self, verb: Verb, token: str) -> bytes:
        """Send a signed request; the body of the good answer.

        Raises:
            HubError: The hub said no for good.
            HubUnreachableError: No sensible answer now; try again later.
        """

    async def keys(self) -> KeySet:
        """The keys that sign leases now.

        Raises:
            HubUnreachableError: No sensible answer now.
        """


class HttpHub:
    """The hub over HTTPS, and through the manager's relay when it cannot be reached.

    Args:
        url: The hub's licensing address for devices.
        ca_file: Extra certificate authority (PEM), used when it exists.
        relay_url: The manager's relay; None = there is none.
    """

    def __init__(self, url: str, ca_file: Path, relay_url: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._relay_url = relay_url.rstrip("/") if relay_url else None

    async def ask(self, verb: Verb, token: str) -> bytes:
        headers = {"Content-Type": "application/jose"}
        return judge(await self._exchange("POST", f"/activate/v1/{verb}", f"/{verb}", content=token, headers=headers))

    async def keys(self) -> KeySet:
        answer = await self._exchange("GET", "/.well-known/seatkeep-keys.json", "/keys")
        if answer.status != httpx.codes.OK:
            raise HubUnreachableError(f"the hub's keys: HTTP {answer.status}")
        try:
            return KeySet.from_jwks(msgspec.json.decode(answer.body, type=dict[str, object]))
        except (msgspec.MsgspecError, LicenseError) as error:
            raise HubUnreachableError(f"the hub's keys make no sense: {error}") from error

    async def _exchange(
        self,
        method: str,
        path: str,
        relay_path: str,
        *,
        content: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HubAnswer:
        """Ask the hub, and the relay when the hub cannot be reached."""
        try:
            return await self._send(method, self._url + path, content, headers)
        except HubUnreachableError:
            if self._relay_url is None:
                raise
            return await self._send(method, self._relay_url + relay_path, content, headers)

    async def _send(self, method: str, url: str, content: str | None, headers: dict[str, str] | None) -> HubAnswer:
        async with make_client(url, self._ca_file) as client:
            return await exchange(client, client.build_request(method, url, content=content, headers=headers))


def make_client(url: str, ca_file: Path) -> httpx.AsyncClient:
    """An HTTP client that trusts the system's authorities and our own; no proxy to this very machine.

    Raises:
        HubUnreachableError: The authority's file is damaged.
    """
    try:
        context = ssl.create_default_context()
        if ca_file.exists():
            context.load_verify_locations(ca_file)
    except (ssl.SSLError, OSError) as error:
        raise HubUnreachableError(f"the certificate authority in {ca_file}: {error}") from error
    is_own_machine = is_localhost_name(urlsplit(url).hostname)
    return httpx.AsyncClient(verify=context, timeout=TIMEOUT_SECONDS, trust_env=not is_own_machine)


async def exchange(client: httpx.AsyncClient, request: httpx.Request) -> HubAnswer:
    """Send a request and read at most 64 kB of the answer.

    Raises:
        HubUnreachableError: No connection, no trust, too slow, or an endless answer.
    """
    try:
        answer = await client.send(request, stream=True)
        body = b""
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise HubUnreachableError("the hub's answer does not end")
        await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise HubUnreachableError(await asyncio.to_thread(trouble, str(request.url), error)) from error
    return HubAnswer(answer.status_code, body, parse_retry_after(answer.headers.get("Retry-After")))


def judge(answer: HubAnswer) -> bytes:
    """The body of a good answer.

    Raises:
        HubError: A 4xx with a problem document: final.
        HubUnreachableError: Anything else: nonsense, a proxy's page, a 5xx, or "ask later".
    """
    if answer.status in (200, 201):
        return answer.body
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except msgspec.MsgspecError:
        raise HubUnreachableError(f"HTTP {answer.status} without a reason", answer.retry_after_seconds) from None
    if answer.status >= 500 or problem.code in ("busy", "rate_limited"):
        raise HubUnreachableError(f"{problem.code}: {problem.detail}", answer.retry_after_seconds)
    raise HubError(problem.code, problem.detail, problem.server_time_us)


def parse_retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header; None when absent or not a number (a date is not worth the trouble)."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
