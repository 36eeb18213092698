"""Attacks on the connection to the broker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from proxying import AUTHORITY, HOST, certificate, serving
from seatkeep_agent.bus import Bus, is_refusal, ways
from seatkeep_agent.clock import end_all, utc_now
from seatkeep_agent.errors import ManagerUnreachableError
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.manager import Manager, tls_context
from seatkeep_launcher.ports import find_free_port

NO_TLS_INFO = (
    b'INFO {"server_id":"X","version":"2.12.0","proto":1,"max_payload":1048576,"tls_required":false,"nonce":"n"}\r\n'
)


async def nothing() -> None:
    return


def bus_to(urls: list[str], tmp_path: Path, jwt: list[str]) -> Bus:
    def give_jwt() -> str:
        jwt.append("given")
        return "jwt"

    return Bus(
        device="ab" * 16, keys=agent_keys_load(tmp_path / "keys"), jwt=give_jwt, urls=lambda: urls,
        tls=lambda: tls_context(tmp_path / "none.pem"), on_document=lambda key, raw: None, on_connect=nothing,
        on_refused=lambda jwt: None,
    )  # fmt: skip


async def try_once(bus: Bus, until: asyncio.Event) -> None:
    job = asyncio.create_task(bus.run())
    async with asyncio.timeout(10):
        await until.wait()
        while not bus.last_error:  # noqa: ASYNC110  # failures set no event
            await asyncio.sleep(0.02)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


async def test_a_server_that_says_no_tls_gets_neither_jwt_nor_signature(tmp_path: Path) -> None:
    asked, received, jwt = asyncio.Event(), bytearray(), []

    async def liar(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(NO_TLS_INFO)
        asked.set()
        received.extend(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(liar, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await try_once(bus_to([f"tls://localhost:{port}"], tmp_path, jwt), asked)
    server.close()
    assert (jwt, b"CONNECT" in received) == ([], False)


async def test_an_address_that_does_not_answer_leads_to_the_next_one_at_once(tmp_path: Path) -> None:
    came = asyncio.Event()

    async def front_door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        writer.close()

    server = await asyncio.start_server(front_door, "127.0.0.1", 0)
    urls = [f"tls://localhost:{find_free_port()}", f"tls://localhost:{server.sockets[0].getsockname()[1]}"]
    job = asyncio.create_task(bus_to(urls, tmp_path, []).run())
    async with asyncio.timeout(20):
        await came.wait()
    await end_all([job])
    server.close()


async def test_a_job_that_swallows_a_cancellation_is_ended_too() -> None:
    async def stubborn() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    job = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await end_all([job])
    assert job.cancelled()


async def test_where_a_proxy_leads_out_the_addresses_that_can_go_by_it_come_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls = ["tls://console.example.test:2222", "wss://console.example.test/agent"]
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    assert ways(urls) == urls
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    assert ways(urls) == urls[::-1]


@pytest.mark.parametrize("refusal", [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b""])
async def test_a_proxy_that_does_not_help_is_named(
    refusal: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as served:
        port = served.proxy(refusal=refusal) if refusal else find_free_port()
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        bus = bus_to(["wss://console.example.test/agent"], tmp_path, [])
        tried = asyncio.Event()
        tried.set()
        await try_once(bus, tried)
        console = Manager("https://console.example.test", tmp_path / "none.pem", utc_now)
        with pytest.raises(ManagerUnreachableError) as failed:
            await console.jwt("ab" * 16, agent_keys_load(tmp_path / "keys"))
    for said in (bus.last_error, str(failed.value)):
        assert f"console.example.test by the proxy http://127.0.0.1:{port}: " in said


async def test_a_console_whose_certificate_somebody_exchanged_is_named_with_the_issuer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as served:
        port = served.server(certificate(tmp_path))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{served.proxy()}")
        console = Manager(f"https://{HOST}:{port}", tmp_path / "none.pem", utc_now)
        with pytest.raises(ManagerUnreachableError, match=f"issued by '{AUTHORITY}' and is not trusted"):
            await console.jwt("ab" * 16, agent_keys_load(tmp_path / "keys"))


@pytest.mark.parametrize("url", ["nats://localhost:1", "ws://localhost:1"])
async def test_an_address_without_tls_is_never_called(url: str, tmp_path: Path) -> None:
    tried = asyncio.Event()
    tried.set()
    bus = bus_to([url], tmp_path, [])
    await try_once(bus, tried)
    assert "does not promise TLS" in bus.last_error


@pytest.mark.parametrize(
    ("error", "is_ours"),
    [
        (NatsError("nats: 'Authorization Violation'"), True),
        (NatsError("nats: 'User Authentication Revoked'"), True),
        (NatsError("nats: 'User Authentication Expired'"), True),
        (NatsError("nats: 'Maximum Connections Exceeded'"), False),
        (ConnectionRefusedError(111, "Connect call failed"), False),
    ],
)
def test_only_a_broker_that_refuses_who_we_are_costs_the_jwt(error: Exception, is_ours: bool) -> None:
    assert is_refusal(error) == is_ours
