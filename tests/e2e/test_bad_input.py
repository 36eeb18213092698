"""Garbage at every door of both sites: each answer is a clear refusal, none is a server's error."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .conftest import Stack
from .fuzzing import Operation, operations, requests
from .prepared import Prepared, prepare

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

SITES = ("licensing", "console")
CLOSED = "connection closed"
POSTS = {
    "console": ("enroll", "return", "jwt", "progress", "relay/activate", "relay/renew", "relay/release", "relay/x"),
    "licensing": ("activate", "renew", "release", "x"),
}
PUBLIC = [
    *(f"console/agent/v1/{name}" for name in POSTS["console"]),
    *(f"licensing/activate/v1/{name}" for name in POSTS["licensing"]),
    "licensing/api/v1/link", "licensing/api/v1/link/poll", "licensing/api/v1/announce", "licensing/api/v1/sync",
    "licensing/accounts/login/", "licensing/accounts/password/reset/", "licensing/identity/o/api/token",
    "licensing/setup/x/", "console/accounts/login/", "console/accounts/oidc/licensing/login/callback/",
]  # fmt: skip
BODIES = {
    "empty": b"",
    "malformed": b'{"key": "a", "request": ',
    "a number": b"1",
    "null": b"null",
    "not utf-8": b"\xff\xfe\x00{}",
    "nul in text": b'{"key": "\\u0000", "request": "\\u0000", "jwt": "\\u0000"}',
    "half a surrogate": b'{"key": "\\ud800", "request": "\\udfff", "jwt": "a", "device_code": "\\ud800"}',
    "deep": b"[" * 100_000,
    "ten megabytes": b'{"key": "' + b"x" * 10_000_000 + b'"}',
}


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> Iterator[Prepared]:
    """A stack past its first run."""
    one = prepare(stack)
    yield one
    one.browser.close()


def address(prepared: Prepared, door: str) -> str:
    """The address of `site/path`."""
    site, _, path = door.partition("/")
    return f"{getattr(prepared.stack, site)}/{path}"


@pytest.mark.parametrize("door", PUBLIC)
def test_no_body_at_a_public_door_is_a_servers_error(prepared: Prepared, door: str) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        answers = {
            f"{name}, {kind}": status(client, address(prepared, door), body, kind)
            for name, body in BODIES.items()
            for kind in ("application/json", "application/x-www-form-urlencoded")
        }

    assert {name: answer for name, answer in answers.items() if answer != CLOSED and int(answer) >= 500} == {}


def status(client: httpx.Client, url: str, body: bytes, kind: str) -> str:
    """Status of the answer, or that the server hung up before it read such a body to its end."""
    try:
        return str(client.post(url, content=body, headers={"Content-Type": kind}).status_code)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return CLOSED


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    "headers",
    [{"X-Long": "x" * 100_000}, {f"X-{n}": "x" * 100 for n in range(500)}, {"Cookie": "sessionid=" + "\x7f" * 5_000},
     {"Authorization": "Bearer " + "a.b.c"}, {"Authorization": "Bearer \xff"}, {"Idempotency-Key": "x" * 5_000},
     {"X-Forwarded-For": "not an address, 1.2.3.4"}, {"Accept-Language": "x" * 4_000}, {"Host": "elsewhere.example"}],
    ids=["long", "many", "cookie", "bearer", "bytes", "idempotency", "forwarded", "language", "host"],
)  # fmt: skip
def test_odd_headers_are_no_servers_error(prepared: Prepared, site: str, headers: dict[str, str]) -> None:
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    with httpx.Client(trust_env=False, timeout=30) as client:
        for path in ("", "api/v1/licenses", "accounts/login/"):
            try:
                answer = client.get(address(prepared, f"{site}/{path}"), headers=raw)
            except httpx.RemoteProtocolError:
                continue  # Refused by hanging up.
            assert answer.status_code < 500, path


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["anonymous", "signed in"])
def test_no_request_to_the_api_is_a_servers_error(prepared: Prepared, site: str, is_signed_in: bool) -> None:
    document = prepared.browser.api("GET", address(prepared, f"{site}/api/v1/openapi.json"))
    found: list[str] = []
    with httpx.Client(trust_env=False, timeout=30) as stranger:
        for operation in operations(document):
            found += failures(prepared, site, operation, None if is_signed_in else stranger)

    assert found == []


def failures(prepared: Prepared, site: str, operation: Operation, stranger: httpx.Client | None) -> list[str]:
    """What ended in a server's error."""
    found: list[str] = []

    @settings(
        max_examples=4, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        path, query, content = data.draw(requests(operation))
        answer = sent(prepared, operation.method, address(prepared, f"{site}{path}"), stranger, query, content)
        if answer is not None and answer.status_code >= 500:
            found.append(f"{operation.method} {path} {query} {content[:300]!r}: {answer.status_code}")

    tried()
    return found


def sent(
    prepared: Prepared, method: str, url: str, stranger: httpx.Client | None, query: Any, content: bytes
) -> httpx.Response | None:
    """The answer; None when the server hung up."""
    try:
        if stranger is None:
            return prepared.browser.send(method, url, params=query, content=content)
        return stranger.request(method, url, params=query, content=content)
    except (httpx.RemoteProtocolError, httpx.WriteError, httpx.ReadError):
        return None


@pytest.mark.parametrize(
    "first", [b"\x16\x03\x01\xff\xff" + b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 10_000]
)
def test_noise_on_the_devices_ports_does_not_disturb_the_next_caller(prepared: Prepared, first: bytes) -> None:
    for port in (prepared.stack.https_port, prepared.stack.nats_port, prepared.stack.http_port):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as noise:
            noise.sendall(first)
    context = ssl.create_default_context(cafile=str(prepared.ca_file))
    answer = httpx.get(f"{prepared.console_for_devices}/healthz", verify=context, trust_env=False)
    assert answer.status_code == 200
