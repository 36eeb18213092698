"""The way out: which proxy, and what a person is told when there is no way."""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from proxying import AUTHORITY, HOST, Serving, certificate, serving
from seatkeep_machine.network import proxy_of, proxy_use, trouble

CONSOLE = f"https://{HOST}"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a test says."""
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        for spelling in (name, name.upper()):
            monkeypatch.setenv(spelling, "")
            monkeypatch.delenv(spelling)
    monkeypatch.setattr("seatkeep_machine.network.getproxies", urllib.request.getproxies_environment)


@pytest.fixture
def served() -> Iterator[Serving]:
    with serving() as made:
        yield made


def test_a_proxy_that_is_given_leads_https_and_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_of(CONSOLE) is None
    proxy_use("")
    assert proxy_of(CONSOLE) is None

    proxy_use("http://proxy:3128")

    assert [proxy_of(f"{scheme}://{HOST}/agent") for scheme in ("https", "wss")] == ["http://proxy:3128"] * 2


@pytest.mark.parametrize("host", ["localhost", "console.localhost", "inside.example"])
def test_this_machine_and_what_no_proxy_lists_are_reached_without(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy_use("http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "inside.example")

    assert proxy_of(f"https://{host}:8443") is None


def test_a_proxy_without_a_scheme_is_one_of_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy:3128")

    assert proxy_of(CONSOLE) == "http://proxy:3128"


def failure(port: int, authority: Path | None = None) -> Exception:
    """The error of somebody who connects to this machine and believes in public authorities and in one more."""
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    with closing(connection), pytest.raises(ssl.SSLCertVerificationError) as failed:
        connection.connect()
    return failed.value


def test_a_connection_that_somebody_opens_is_named_with_the_certificates_issuer(
    served: Serving, tmp_path: Path
) -> None:
    port = served.server(certificate(tmp_path))

    said = trouble(f"https://127.0.0.1:{port}", failure(port))

    assert said.startswith(f"127.0.0.1:{port}: its certificate was issued by '{AUTHORITY}' and is not trusted")
    assert "CAFILE" in said


def test_the_issuer_is_seen_by_the_proxy_too(served: Serving, tmp_path: Path) -> None:
    port = served.server(certificate(tmp_path))
    error = failure(port)
    proxy_use(f"http://user:secret@127.0.0.1:{served.proxy()}")

    said = trouble(f"https://{HOST}:{port}", error)

    assert served.asked == [f"{HOST}:{port}"]
    assert AUTHORITY in said
    assert "by the proxy http://127.0.0.1:" in said
    assert "secret" not in said


@pytest.mark.parametrize(("begins", "ends"), [(-9, -3), (3, 9)])
def test_a_certificate_of_another_time_asks_for_the_clock(
    served: Serving, tmp_path: Path, begins: int, ends: int
) -> None:
    files = certificate(tmp_path, begins=begins, ends=ends)
    port = served.server(files)

    said = trouble(f"https://127.0.0.1:{port}", failure(port, files[0]))

    assert "is the clock of this computer right?" in said


def test_an_issuer_that_cannot_be_seen_costs_only_its_name() -> None:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_message = "self-signed certificate"
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = error

    said = trouble("https://127.0.0.1:1", wrapped)

    assert said.startswith("127.0.0.1:1: its certificate is not trusted: self-signed certificate")


def test_an_error_without_words_has_at_least_its_name() -> None:
    assert trouble("https://127.0.0.1:1", TimeoutError()) == "127.0.0.1:1: TimeoutError"


def test_errors_that_cause_each_other_end() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one

    assert trouble("https://127.0.0.1:1", one) == "127.0.0.1:1: one"
