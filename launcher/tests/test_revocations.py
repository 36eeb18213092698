"""Whom the manager revokes is cut off by a real broker; everybody else stays connected."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol, cast

import nats.errors
import pytest
from nats.aio.client import Client
from seatkeep_launcher.broker import Broker, BrokerKeys, revocations_read
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation, Service
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.up import Stack


class Agent(Protocol):
    key: Any

    def event(self, kind: str = ...) -> str: ...
    def jwt(self, keys: BrokerKeys, *, now: Any = ...) -> str: ...


class Running(Protocol):
    keys: BrokerKeys

    def manager(self) -> AbstractAsyncContextManager[Client]: ...
    def agent(self, agent: Agent, errors: list[str] | None = ...) -> AbstractAsyncContextManager[Client]: ...


@pytest.fixture
def supervised_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that the launcher's own loop watches over."""
    home = Home(tmp_path)
    home.make()
    broker = Broker(home.nats, find_free_port(), monitor_port=find_free_port())
    broker.prepare(now=datetime.now(UTC) - timedelta(hours=1))
    settings = SimpleNamespace(broker=None)
    stack = Stack(cast("Installation", SimpleNamespace(settings=settings, broker=broker, home=home)))
    stack.supervisor.start([Service("nats", broker.command(), {}, broker.is_healthy)])
    loop = threading.Thread(target=stack.run)
    loop.start()
    yield broker
    stack.supervisor.request_stop()
    loop.join()
    stack.stop()


@pytest.fixture
def running(supervised_broker: Broker, running_broker: Running) -> Running:
    keys = BrokerKeys.load(supervised_broker.folder / "keys")
    return type(running_broker)(supervised_broker, keys)  # type: ignore[call-arg]  # the fixture class is a dataclass


def _revoke(broker: Broker, *agents: Agent, at: datetime) -> None:
    users = {agent.key.public: int(at.timestamp()) for agent in agents}
    broker.revocations_file.write_text(json.dumps({"version": 1, "users": users}))


async def _until_closed(client: Client) -> float:
    begin = time.monotonic()
    for _ in range(100):
        if client.is_closed:
            break
        await asyncio.sleep(0.05)
    return time.monotonic() - begin


@pytest.mark.services
async def test_a_revoked_agent_is_cut_off_and_the_others_stay(
    supervised_broker: Broker, running: Running, alice: Agent, bob: Agent
) -> None:
    async with running.manager() as manager, running.agent(alice) as thief, running.agent(bob) as client:
        await manager.jetstream().add_stream(name="EVT", subjects=["sk.v1.evt.>"])
        _revoke(supervised_broker, alice, at=datetime.now(UTC))
        seconds = await _until_closed(thief)
        ack = await client.jetstream().publish(bob.event(), b"still here")
        is_others = (client.is_connected, manager.is_connected, ack.seq)
    assert thief.is_closed
    assert seconds < 4
    assert is_others == (True, True, 1)


@pytest.mark.services
async def test_a_revoked_agent_does_not_come_back_with_its_old_jwt_but_with_a_new_one(
    supervised_broker: Broker, running: Running, alice: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    old = alice.jwt(running.keys, now=minute_ago - timedelta(minutes=1))
    async with running.agent(alice) as client:
        _revoke(supervised_broker, alice, at=minute_ago)
        await asyncio.sleep(1)
        assert client.is_connected  # Its JWT is newer than the revocation.
    monkeypatch.setattr(type(alice), "jwt", lambda *_, **__: old)
    with pytest.raises(nats.errors.Error, match=r"Authorization Violation|authentication revoked"):
        async with running.agent(alice):
            pass


def test_a_restarted_broker_still_knows_whom_the_manager_revoked(tmp_path: Path, alice: Agent) -> None:
    broker = Broker(tmp_path, find_free_port())
    broker.prepare(now=datetime.now(UTC))
    before = broker.config.read_text()
    _revoke(broker, alice, at=datetime.now(UTC))
    broker.prepare(now=datetime.now(UTC))
    assert revocations_read(broker.revocations_file) == {alice.key.public: pytest.approx(time.time(), abs=5)}
    assert len(broker.config.read_text()) > len(before)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"users": 3}', '{"users": {"*": 1}}', '{"users": {"Uabc": 1}}', "\x00"]
)
def test_a_list_that_is_nonsense_or_names_everybody_revokes_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "revocations.json").write_text(content)
    assert revocations_read(tmp_path / "revocations.json") == {}
