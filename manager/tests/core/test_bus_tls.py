"""The manager's own connection to the broker: TLS from the first byte, and only with the right CA."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from seatkeep_launcher.broker import Broker, BrokerTls
from seatkeep_launcher.certificates import CertificateAuthority
from seatkeep_launcher.ports import find_free_port
from seatkeep_manager.statedocs.bus import bus_connect

pytestmark = pytest.mark.services


def authority(folder: Path) -> CertificateAuthority:
    made = CertificateAuthority(folder)
    made.ensure(now=datetime.now(UTC))
    return made


@pytest.fixture
def tls_broker(tmp_path: Path, settings: Any) -> Iterator[Broker]:
    own = authority(tmp_path / "ca")
    pair = own.server_ensure(tmp_path / "tls", ("localhost",), now=datetime.now(UTC))
    broker = Broker(tmp_path / "nats", find_free_port(), tls=BrokerTls((pair,)))
    broker.start(now=datetime.now(UTC))
    settings.NATS_URL = broker.url
    settings.NATS_CA = str(own.certificate)
    settings.NATS_MANAGER_CREDS = str(broker.manager_creds)
    yield broker
    broker.stop()


async def test_the_manager_speaks_tls_first(tls_broker: Broker) -> None:
    client = await bus_connect()
    assert client.is_connected
    await client.close()


async def test_attack_another_process_took_the_brokers_port(tls_broker: Broker, tmp_path: Path, settings: Any) -> None:
    settings.NATS_CA = str(authority(tmp_path / "foreign").certificate)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bus_connect(), timeout=2)
