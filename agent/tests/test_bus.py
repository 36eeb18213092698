"""Attacks on the connection to the broker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from seatkeep_agent.bus import Bus, is_refusal
from seatkeep_agent.clock import end_all
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.manager import tls_context
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
