"""The manager over HTTPS (wire §6): enroll, renew the broker's JWT, report the progress of an installation."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec
from seatkeep_license.encoding import seconds_of
from seatkeep_license.errors import TokenError
from seatkeep_license.localhost import is_localhost_name
from seatkeep_machine.network import trouble
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
from seatkeep_protocol.uploads import PROOF_HEADER, UploadClaims, upload_build
from seatkeep_protocol.vocabulary import InstallStep

from seatkeep_agent.errors import ManagerRefusedError, ManagerUnreachableError
from seatkeep_agent.keys import AgentKeys

TIMEOUT_SECONDS = 20.0
PROGRESS_TIMEOUT_SECONDS = 5.0
T = TypeVar("T")


class Waiting(msgspec.Struct, frozen=True):
    """The device waits for a person's approval."""

    status: str
    retry_after_seconds: float = 30.0


class _Problem(msgspec.Struct, frozen=True):
    code: str
    detail: str = ""
    server_time_us: int | None = None


class _Jwt(msgspec.Struct, frozen=True):
    jwt: str


class Manager:
    """One console, as its devices see it.

    Args:
        console: Its address for devices.
        ca_file: The instance's own authority (PEM), used when it exists.
        clock: Current time, aware UTC.
    """

    def __init__(self, console: str, ca_file: Path, clock: Callable[[], datetime]) -> None:
        self.console = console.rstrip("/")
        self._ca_file, self._clock = ca_file, clock
        self._offset = timedelta(0)

    async def enroll(
        self, key: str, request: Callable[[int], EnrollRequest], keys: AgentKeys
    ) -> EnrollAnswer | Waiting:
        """Join the instance, or hear that a person must approve first.

        Args:
            key: Deployment key or install link token.
            request: Makes the claims for an `iat`.
            keys: The agent's keys.

        Raises:
            ManagerRefusedError: The key or the request is refused for good.
            ManagerUnreachableError: No sensible answer now.
        """

        def body() -> bytes:
            return msgspec.json.encode(request_body(key, enroll_build(request(self._iat()), keys.signing)))

        answer = await self._post_with_time("/agent/v1/enroll", body, "application/json")
        if answer.status_code == httpx.codes.ACCEPTED:
            return decode(answer.content, Waiting)
        return enrolled(answer.content)

    async def come_back(self, jwt: str, request: Callable[[int], EnrollRequest], keys: AgentKeys) -> EnrollAnswer:
        """Join again as the same device, by the last broker JWT, at a console that lost us by a restore.

        Raises:
            ManagerRefusedError: It does not take that JWT.
            ManagerUnreachableError: No sensible answer now.
        """

        def body() -> bytes:
            return msgspec.json.encode(return_body(jwt, enroll_build(request(self._iat()), keys.signing)))

        return enrolled((await self._post_with_time("/agent/v1/return", body, "application/json")).content)

    async def jwt(self, device: str, keys: AgentKeys) -> str:
        """The next JWT for the broker.

        Raises:
            ManagerRefusedError: The device is not welcome any more.
            ManagerUnreachableError: No sensible answer now.
        """

        def body() -> bytes:
            claims = JwtRequest(aud=self.console, iat=self._iat(), jti=secrets.token_hex(16), device=device)
            return jwt_request_build(claims, keys.signing).encode()

        answer = await self._post_with_time("/agent/v1/jwt", body, "application/jose")
        return decode(answer.content, _Jwt).jwt

    async def upload(self, claims: Callable[[int], UploadClaims], content: bytes, keys: AgentKeys) -> None:
        """Send a file that a task asked for.

        Args:
            claims: Makes the claims for an `iat`.
            content: The file, at most 2 MB.
            keys: The agent's keys.

        Raises:
            ManagerRefusedError: It does not want it.
            ManagerUnreachableError: No sensible answer now.
        """

        def proof() -> dict[str, str]:
            return {PROOF_HEADER: upload_build(claims(self._iat()), keys.signing)}

        await self._post_with_time("/agent/v1/files", lambda: content, "application/zip", proof)

    async def progress(self, key: str, install_id: str, step: InstallStep, *, is_ok: bool, detail: str = "") -> None:
        """Tell how far the installation is. Best effort: failures are swallowed."""
        body = {"key": key, "install_id": install_id, "step": step.value, "ok": is_ok, "detail": detail}
        with suppress(ManagerUnreachableError, ManagerRefusedError):
            content = msgspec.json.encode(body)
            await self._post("/agent/v1/progress", content, "application/json", PROGRESS_TIMEOUT_SECONDS)

    async def _post_with_time(
        self, path: str, body: Callable[[], bytes], content_type: str, more: Callable[[], dict[str, str]] = dict
    ) -> httpx.Response:
        """Post; when our clock is wrong, once more with the server's time."""
        try:
            return await self._post(path, body(), content_type, more=more())
        except ManagerRefusedError as error:
            if error.problem != "clock_skew" or error.server_time_us is None:
                raise
            server_time = datetime.fromtimestamp(error.server_time_us / 1_000_000, tz=UTC)
            self._offset = server_time - self._clock()
        return await self._post(path, body(), content_type, more=more())

    async def _post(
        self,
        path: str,
        content: bytes,
        content_type: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> httpx.Response:
        headers = {"Content-Type": content_type, **more}
        try:
            async with self._client(timeout_seconds) as client:
                answer = await client.post(self.console + path, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise ManagerUnreachableError(await asyncio.to_thread(trouble, self.console, error)) from error
        if answer.is_success:
            return answer
        raise refusal(answer)

    def _client(self, timeout_seconds: float) -> httpx.AsyncClient:
        is_own_machine = is_localhost_name(urlsplit(self.console).hostname)
        return httpx.AsyncClient(
            verify=tls_context(self._ca_file), timeout=timeout_seconds, trust_env=not is_own_machine
        )

    def _iat(self) -> int:
        return seconds_of(self._clock() + self._offset)


def tls_context(ca_file: Path) -> ssl.SSLContext:
    """Trust the system's authorities and, when it has one, the instance's own.

    Raises:
        ManagerUnreachableError: The authority's file is damaged.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca_file.exists():
            context.load_verify_locations(ca_file)
    except (ssl.SSLError, OSError) as error:
        raise ManagerUnreachableError(f"the certificate authority in {ca_file}: {error}") from error
    return context


def refusal(answer: httpx.Response) -> ManagerRefusedError | ManagerUnreachableError:
    """What a bad answer means: final only with a problem document and 4xx."""
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.MsgspecError:
        return ManagerUnreachableError(f"{answer.request.url.host}: HTTP {answer.status_code} without a reason")
    if answer.status_code >= 500 or problem.code == "rate_limited":
        return ManagerUnreachableError(f"{problem.code}: {problem.detail}")
    return ManagerRefusedError(problem.code, problem.detail, problem.server_time_us)


def enrolled(raw: bytes) -> EnrollAnswer:
    """Read what an enrolled device gets.

    Raises:
        ManagerUnreachableError: It does not have the expected shape.
    """
    try:
        return answer_decode(raw)
    except TokenError as error:
        raise ManagerUnreachableError(f"the console's answer makes no sense: {error}") from error


def decode(raw: bytes, struct_type: type[T]) -> T:
    """Read an answer.

    Raises:
        ManagerUnreachableError: It does not have the expected shape.
    """
    try:
        return msgspec.json.decode(raw, type=struct_type)
    except msgspec.MsgspecError as error:
        raise ManagerUnreachableError(f"the console's answer makes no sense: {error}") from error
