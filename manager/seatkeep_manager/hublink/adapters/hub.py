"""HTTP client of the hub: every call proves the instance by a 60-second token, every answer is checked."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec
from seatkeep_license.jose import sign
from seatkeep_license.keys import SigningKey
from seatkeep_license.localhost import install_localhost_names
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.hublink.adapters.messages import (
    Announcement,
    Credentials,
    JobRef,
    JobState,
    LinkCode,
    LinkPoll,
    SyncPage,
)
from seatkeep_manager.hublink.errors import CursorGoneError, HubNonsenseError, HubRefusedError, HubUnreachableError

T = TypeVar("T")

TOKEN_SECONDS = 60
PROTOCOLS = (1,)
ANSWER_LIMIT_BYTES = 32 * 1024 * 1024
ANNOUNCE_WAIT_SECONDS = 25


@dataclass(frozen=True)
class InstanceIdentity:
    """Who signs the calls: the hub's id of this instance and its key."""

    instance_id: UUID
    key: SigningKey


class PersonClaims(msgspec.Struct, frozen=True):
    """What Licensing says of a person; sessions begun at or before `sessions_from` are over."""

    sub: UUID
    email: str
    name: str
    seatkeep_access: list[dict[str, str]]
    sessions_from: datetime | None


@dataclass(frozen=True)
class Answer:
    """Status and body of one exchange, read in full and within the limits."""

    status: int
    body: bytes


class HubClient:
    """Calls one hub; safe to share between threads.

    Args:
        base_url: Licensing address for people, without a path.
        identity: Signs each call; None only while linking.
        timeout_seconds: Longest time for a whole exchange, apart from announced waiting.
    """

    def __init__(
        self,
        base_url: str,
        identity: InstanceIdentity | None,
        *,
        timeout_seconds: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        install_localhost_names()
        self._base_url = base_url.rstrip("/")
        self._identity = identity
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._http = httpx.Client(base_url=self._base_url, follow_redirects=False)

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def link_start(self, *, name: str, console_url: str, jwk: dict[str, str], bootstrap_token: str | None) -> LinkCode:
        """Ask for a link; see `_exchange` for errors."""
        body: dict[str, object] = {"name": name, "console_url": console_url, "jwk": jwk}
        if bootstrap_token:
            body["bootstrap_token"] = bootstrap_token
        return self._decode(self._expect(self._exchange("POST", "/api/v1/link", body), 200, 201), LinkCode)

    def link_poll(self, device_code: str) -> LinkPoll:
        """Ask whether the link was approved; 410 is an answer here, not an error."""
        answer = self._exchange("POST", "/api/v1/link/poll", {"device_code": device_code})
        return self._decode(self._expect(answer, 200, 202, 410), LinkPoll)

    def sync_page(self, *, cursor: str, limit: int = 500) -> SyncPage:
        """Read one page of the feed.

        Raises:
            CursorGoneError: The hub no longer knows `cursor` (410).
            HubNonsenseError: The hub speaks a protocol that this version does not know.
        """
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        answer = self._exchange("GET", "/api/v1/sync?" + urlencode(query))
        if answer.status == 410:
            raise CursorGoneError
        page = self._decode(self._expect(answer, 200), SyncPage)
        if page.protocol not in PROTOCOLS:
            raise HubNonsenseError(f"Licensing speaks protocol {page.protocol}; this console knows {PROTOCOLS[0]}.")
        return page

    def announce(self, *, cursor: str, wait_seconds: int = ANNOUNCE_WAIT_SECONDS) -> bool:
        """Wait until the feed is past `cursor`; False when nothing happened in `wait_seconds`."""
        query = urlencode({"cursor": cursor, "wait_seconds": wait_seconds})
        answer = self._exchange("GET", f"/api/v1/announce?{query}", extra_seconds=wait_seconds)
        if answer.status == 410:
            return True
        return self._decode(self._expect(answer, 200), Announcement).changed

    def credentials(self, *, license_id: UUID, product: str) -> Credentials:
        """Fetch the credentials of one product of one license; the hub audits it."""
        query = urlencode({"product": product})
        return self._decode(
            self._expect(self._exchange("GET", f"/api/v1/licenses/{license_id}/credentials?{query}"), 200), Credentials
        )

    def people(self, subs: Sequence[str]) -> list[PersonClaims]:
        """What people who are signed in here may now; who left, or lost all access, is missing. At most 500."""
        answer = self._exchange("POST", "/api/v1/instance/people", {"people": list(subs)})
        return self._decode(self._expect(answer, 200), list[PersonClaims])

    def offboard(self, company_id: UUID, *, last_day: date, protect_until: date, bill_until: date, key: str) -> JobRef:
        """Start the hub's side of an off-boarding; the same `key` again gets the same job."""
        days = {"last_day": last_day, "protect_until": protect_until, "bill_until": bill_until}
        body: dict[str, object] = {name: day.isoformat() for name, day in days.items()}
        answer = self._exchange("POST", f"/api/v1/companies/{company_id}/offboard", body, key=key)
        return self._decode(self._expect(answer, 200, 202), JobRef)

    def job(self, job_id: UUID) -> JobState:
        """How far a job of the hub is."""
        return self._decode(self._expect(self._exchange("GET", f"/api/v1/jobs/{job_id}"), 200), JobState)

    def restore(self, company_id: UUID) -> None:
        """Bring an off-boarded customer back."""
        self._expect(self._exchange("POST", f"/api/v1/companies/{company_id}/restore", {}), 200, 202, 204)

    def _exchange(
        self,
        method: str,
        path: str,
        body: dict[str, object] | None = None,
        *,
        extra_seconds: float = 0,
        key: str = "",
    ) -> Answer:
        """Send one request and read its answer within time and size limits.

        Raises:
            HubUnreachableError: No connection, no answer in time, or a 5xx.
            HubNonsenseError: The answer is larger than any right one.
        """
        content = b"" if body is None else msgspec.json.encode(body)
        deadline = self._clock() + self._timeout_seconds + extra_seconds
        timeout = httpx.Timeout(self._timeout_seconds + extra_seconds, connect=5.0)
        headers = self._headers(method, path, content, key)
        try:
            with self._http.stream(method, path, content=content, headers=headers, timeout=timeout) as response:
                answer = Answer(response.status_code, self._read(response, deadline))
        except httpx.HTTPError as error:
            raise HubUnreachableError(f"Licensing at {self._base_url} does not answer: {_reason(error)}.") from error
        if answer.status >= 500 or answer.status == 429:
            raise HubUnreachableError(f"Licensing answered {answer.status} and will be asked again.")
        return answer

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        """Read the body but never longer or more than allowed: a dribbling server must not hold us."""
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > ANSWER_LIMIT_BYTES:
                raise HubNonsenseError("Licensing sent an answer that is far too large.")
            if self._clock() > deadline:
                raise HubUnreachableError(f"Licensing did not finish its answer in {self._timeout_seconds:.0f} s.")
            chunks.append(chunk)
        return b"".join(chunks)

    def _headers(self, method: str, path: str, content: bytes, key: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json"} if content else {}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(new_uid())
        if self._identity:
            headers["Authorization"] = "Bearer " + self._token(method, path, content)
        return headers

    def _token(self, method: str, path: str, content: bytes) -> str:
        """Sign who calls, what, and the body's digest (wire.md §3, seatkeep-instance+jwt)."""
        if self._identity is None:
            raise ValueError("an identity signs calls")
        issued = int(clock_now().timestamp())
        claims: dict[str, object] = {
            "iss": str(self._identity.instance_id),
            "aud": self._base_url,
            "iat": issued,
            "exp": issued + TOKEN_SECONDS,
            "jti": str(new_uid()),
            "htm": method,
            "htu": path,
            "bh": base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode(),
        }
        return sign(claims, self._identity.key, "seatkeep-instance+jwt")

    def _expect(self, answer: Answer, *statuses: int) -> Answer:
        """Pass on an expected status; name the hub's own code otherwise."""
        if answer.status in statuses:
            return answer
        code, detail = _problem(answer.body)
        if not code and not 400 <= answer.status < 500:
            raise HubNonsenseError(f"Licensing answered {answer.status}, which is not part of the protocol.")
        raise HubRefusedError(
            detail or f"Licensing refused the request ({answer.status}).",
            hub_status=answer.status,
            hub_code=code,
        )

    def _decode(self, answer: Answer, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HubNonsenseError(f"Licensing answered nonsense: {error}.") from error


def _problem(body: bytes) -> tuple[str, str]:
    """Code and detail of a problem+json body, or empty strings."""
    try:
        problem = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", ""
    return str(problem.get("code", "")), str(problem.get("detail", ""))


def _reason(error: httpx.HTTPError) -> str:
    """A reason that fits a sentence and holds no URL or header."""
    if isinstance(error, httpx.ConnectError):
        return "no connection"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return type(error).__name__
