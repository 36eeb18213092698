"""The HTTPS side of a simulated device: enrollment, broker JWTs, activation and renewal (wire.md §4 and §6)."""

from __future__ import annotations

import json
import ssl
import time
import uuid
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from seatkeep_license.encoding import seconds_of
from seatkeep_license.requests import (
    ActivateRequest,
    DeviceInfo,
    ReleaseRequest,
    RenewRequest,
    activate_build,
    release_build,
    renew_build,
)
from seatkeep_protocol.enrollment import (
    EnrollAnswer,
    EnrollRequest,
    JwtRequest,
    answer_decode,
    enroll_build,
    jwt_request_build,
    request_body,
    return_body,
)

from seatkeep_bench.clock import now
from seatkeep_bench.errors import RefusedError, TryAgainError
from seatkeep_bench.identity import Identity

AGENT_VERSION = "0.1.0-sim"
LEASE_KEYS_SECONDS = 60
_JOSE = {"Content-Type": "application/jose"}


class SeatAnswer(NamedTuple):
    """What activation and renewal give."""

    lease: str
    seat: str


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and, where given, the stack's own CA."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class Web:
    """One shared HTTPS client for a whole fleet."""

    def __init__(self, *, console_url: str, key: str, context: ssl.SSLContext, connections: int = 64) -> None:
        """Prepare the client.

        Args:
            console_url: The console's address for devices, without a final slash.
            key: Deployment key or install link token.
            context: TLS trust (see `tls_context`).
            connections: How many requests may be under way at once.
        """
        self.console_url = console_url.rstrip("/")
        self._key = key
        self._lease_keys: dict[str, tuple[float, dict[str, Any]]] = {}
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = httpx.AsyncClient(verify=context, limits=limits, timeout=30, trust_env=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def enroll(self, identity: Identity) -> EnrollAnswer:
        """Join.

        Raises:
            TryAgainError: The device waits for approval, or the server is busy or away.
            RefusedError: The key or the request is refused.
        """
        body = request_body(self._key, enroll_request(identity, self.console_url))
        answer = await self._post(
            f"{self.console_url}/agent/v1/enroll", json.dumps(body), {"Content-Type": "application/json"}
        )
        if answer.status_code == httpx.codes.ACCEPTED:
            raise TryAgainError("waits for approval", after_seconds=float(answer.json()["retry_after_seconds"]))
        return answer_decode(answer.content)

    async def come_back(self, identity: Identity, jwt: str) -> EnrollAnswer:
        """Join as the same device again at a console that lost it by a restore; errors as `enroll`."""
        body = return_body(jwt, enroll_request(identity, self.console_url))
        answer = await self._post(
            f"{self.console_url}/agent/v1/return", json.dumps(body), {"Content-Type": "application/json"}
        )
        return answer_decode(answer.content)

    async def broker_jwt(self, identity: Identity, device: str) -> str:
        """Ask for the next broker JWT; errors as `enroll`."""
        request = JwtRequest(aud=self.console_url, iat=seconds_of(now()), jti=str(uuid.uuid4()), device=device)
        body = jwt_request_build(request, identity.agent_key)
        answer = await self._post(f"{self.console_url}/agent/v1/jwt", body, _JOSE)
        return str(answer.json()["jwt"])

    async def activate(
        self, identity: Identity, *, licensing_url: str, ticket: str | None = None, license_key: str | None = None
    ) -> SeatAnswer:
        """Take a seat by ticket or license key.

        Raises:
            TryAgainError: The hub is busy or away.
            RefusedError: No seat; `code` says why.
        """
        body = activate_build(activate_request(identity, licensing_url, ticket, license_key), identity.endpoint_key)
        return await self.activate_raw(licensing_url, "activate", body)

    async def renew(self, identity: Identity, *, licensing_url: str, seat: str, seq: int, lease: str) -> SeatAnswer:
        """Ask for the next lease; errors as `activate`."""
        request = RenewRequest(
            aud=licensing_url,
            iat=seconds_of(now()),
            jti=str(uuid.uuid4()),
            seat=seat,
            seq=seq,
            lease=lease,
            device=device_info(identity),
        )
        return await self.activate_raw(licensing_url, "renew", renew_build(request, identity.endpoint_key))

    async def release(self, identity: Identity, *, licensing_url: str, seat: str) -> None:
        """Give the seat back; errors as `activate`."""
        request = ReleaseRequest(aud=licensing_url, iat=seconds_of(now()), jti=str(uuid.uuid4()), seat=seat)
        await self._post(f"{licensing_url}/activate/v1/release", release_build(request, identity.endpoint_key), _JOSE)

    async def activate_raw(self, licensing_url: str, what: str, body: str) -> SeatAnswer:
        """Send an already signed request, so that a bench does not measure its own signing; errors as `activate`."""
        fields = (await self._post(f"{licensing_url}/activate/v1/{what}", body, _JOSE)).json()
        return SeatAnswer(str(fields["lease"]), str(fields["seat"]))

    async def lease_keys(self, licensing_url: str) -> dict[str, Any]:
        """Return the hub's lease keys (a JWKS), asked for once a minute at most.

        Raises:
            TryAgainError: The hub is away.
        """
        kept = self._lease_keys.get(licensing_url)
        if kept is not None and time.monotonic() - kept[0] < LEASE_KEYS_SECONDS:
            return kept[1]
        try:
            answer = await self._client.get(f"{licensing_url}/.well-known/seatkeep-keys.json")
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise TryAgainError(f"lease keys: {error}", after_seconds=2) from error
        keys: dict[str, Any] = answer.json()
        self._lease_keys[licensing_url] = (time.monotonic(), keys)
        return keys

    async def _post(self, url: str, body: str, headers: dict[str, str]) -> httpx.Response:
        try:
            answer = await self._client.post(url, content=body, headers=headers)
        except httpx.TransportError as error:
            raise TryAgainError(f"{type(error).__name__}: {error}", after_seconds=2) from error
        if answer.is_success:
            return answer
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise TryAgainError(f"HTTP {answer.status_code}", after_seconds=_retry_after(answer))
        problem = _problem(answer)
        raise RefusedError(answer.status_code, str(problem.get("code", "")), str(problem.get("detail", "")))


def enroll_request(identity: Identity, console_url: str) -> str:
    """Return a device's request to join a console, signed now."""
    request = EnrollRequest(
        aud=console_url,
        iat=seconds_of(now()),
        jti=str(uuid.uuid4()),
        hostname=identity.hostname,
        os=identity.os(),
        kind=identity.persona.kind,
        fp=identity.fingerprint(console_url),
        nkey=identity.nkey_public,
        x25519=identity.sealing_public,
        agent_version=AGENT_VERSION,
    )
    return enroll_build(request, identity.agent_key)


def activate_request(
    identity: Identity, licensing_url: str, ticket: str | None, license_key: str | None
) -> ActivateRequest:
    """Return a device's activation request, fresh but not yet signed."""
    return ActivateRequest(
        aud=licensing_url,
        iat=seconds_of(now()),
        jti=str(uuid.uuid4()),
        product=identity.persona.product,
        fp=identity.fingerprint_digest(licensing_url),
        device=device_info(identity),
        ticket=ticket,
        license_key=license_key,
    )


def device_info(identity: Identity) -> DeviceInfo:
    """Return what the hub shows of a device."""
    return DeviceInfo(name=identity.hostname, serial=identity.serial, os="Debian GNU/Linux")


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 2.0


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        fields = answer.json()
    except ValueError:
        return {"detail": answer.text[:200]}
    return fields if isinstance(fields, dict) else {}
