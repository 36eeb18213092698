"""What several launcher tests need: one real broker, and agents that connect to it as strangers would."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from seatkeep_launcher.broker import Broker, BrokerKeys, user_jwt_mint
from seatkeep_launcher.nats_jwt import KeyKind, NatsKey
from seatkeep_launcher.ports import find_free_port


def real_now() -> datetime:
    """The broker judges claims by its own clock, so these tests cannot choose theirs."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class TestAgent:
    """One agent of one company, with a key of its own."""

    __test__ = False
    device: str
    company: str
    key: NatsKey = field(default_factory=lambda: NatsKey.generate(KeyKind.USER))

    @property
    def part(self) -> str:
        return f"{hashlib.sha256(self.device.encode()).digest()[0] % 16:02d}"

    def event(self, kind: str = "detection") -> str:
        return f"sk.v1.evt.{self.part}.{self.device}.{kind}"

    def jwt(self, keys: BrokerKeys, *, now: datetime | None = None) -> str:
        return user_jwt_mint(
            signing_key=keys.edge_signing, edge_account=keys.edge.public, nkey=self.key.public,
            device=self.device, part=self.part, company=self.company, now=now or real_now(),
        )  # fmt: skip


@dataclass(frozen=True)
class TestBroker:
    """A running broker and its keys."""

    __test__ = False
    broker: Broker
    keys: BrokerKeys

    @asynccontextmanager
    async def manager(self) -> AsyncIterator[Client]:
        client = await nats.connect(self.broker.url, user_credentials=str(self.broker.manager_creds))
        try:
            yield client
        finally:
            await client.close()

    @asynccontextmanager
    async def agent(self, agent: TestAgent, errors: list[str] | None = None) -> AsyncIterator[Client]:
        async def note(error: Exception) -> None:
            if errors is not None:
                errors.append(str(error))

        client = Client()
        await _connect(
            client,
            self.broker.url,
            user_jwt_cb=lambda: bytearray(agent.jwt(self.keys).encode()),
            signature_cb=lambda nonce: base64.b64encode(agent.key.sign(nonce.encode())),
            inbox_prefix=f"_INBOX_{agent.device}",
            error_cb=note,
            allow_reconnect=False,
        )
        try:
            yield client
        finally:
            await client.close()


async def _connect(client: Client, url: str, **options: Any) -> None:
    """Connect; nats-py leaves its socket open when the server refuses, so close it here."""
    try:
        await client.connect(url, **options)
    except nats.errors.Error:
        if client._transport is not None:
            client._transport.close()  # type: ignore[no-untyped-call]  # nats-py leaves it untyped
            await asyncio.sleep(0.05)
        raise


@pytest.fixture(scope="session")
def running_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestBroker]:
    folder: Path = tmp_path_factory.mktemp("nats")
    broker = Broker(folder=folder, port=find_free_port(), monitor_port=find_free_port())
    broker.start(now=real_now())
    yield TestBroker(broker, BrokerKeys.load(folder / "keys"))
    broker.stop()


@pytest.fixture
def alice() -> TestAgent:
    """The attacker: a real agent of the first company."""
    return TestAgent(device="a1" * 16, company="c1" * 16)


@pytest.fixture
def bob() -> TestAgent:
    """The victim: an agent of the same company."""
    return TestAgent(device="b2" * 16, company="c1" * 16)


@pytest.fixture
def stranger() -> TestAgent:
    """An agent of another company."""
    return TestAgent(device="e5" * 16, company="c2" * 16)
