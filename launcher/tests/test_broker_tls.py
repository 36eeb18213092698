"""The native port: TLS from the first byte, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import nats.errors
import pytest
from seatkeep_launcher.broker import Broker, BrokerTls
from seatkeep_launcher.certificates import CertificateAuthority, certificate_ends_at
from seatkeep_launcher.ports import find_free_port

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = ("localhost", "console.localhost", "127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path / "ca")
    made.ensure(now=datetime.now(UTC))
    return made


@pytest.fixture
def tls_broker(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Broker]:
    pair = authority.server_ensure(tmp_path / "tls", NAMES, now=datetime.now(UTC))
    broker = Broker(tmp_path / "nats", find_free_port(), monitor_port=find_free_port(), tls=BrokerTls((pair,)))
    broker.start(now=datetime.now(UTC))
    yield broker
    broker.stop()


@pytest.mark.services
async def test_manager_connects_with_tls_first(tls_broker: Broker, authority: CertificateAuthority) -> None:
    client = await nats.connect(
        tls_broker.url,
        user_credentials=str(tls_broker.manager_creds),
        tls=ssl.create_default_context(cafile=str(authority.certificate)),
        tls_handshake_first=True,
    )
    assert client.is_connected
    await client.close()


@pytest.mark.services
async def test_server_says_nothing_in_the_clear(tls_broker: Broker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tls_broker.port)
    writer.write(b'CONNECT {"verbose":false,"tls_required":false}\r\nPING\r\n')
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(200), timeout=3)
    writer.close()
    assert b"INFO" not in answer
    assert b"PONG" not in answer


@asynccontextmanager
async def _liar() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server in the middle that offers no TLS and notes what it is told."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b'INFO {"server_id":"X","version":"2.12.0","tls_required":false,"nonce":"abc","max_payload":1000}\r\n'
        )
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()
        await server.wait_closed()


async def test_server_that_says_no_tls_is_refused(tmp_path: Path, authority: CertificateAuthority) -> None:
    async with _liar() as (port, heard):
        with pytest.raises((ssl.SSLError, nats.errors.Error, OSError, asyncio.TimeoutError)):
            await nats.connect(
                f"tls://localhost:{port}",
                tls=ssl.create_default_context(cafile=str(authority.certificate)),
                tls_handshake_first=True,
                allow_reconnect=False,
                connect_timeout=2,
            )
        await asyncio.sleep(0.05)
    assert all(not data.startswith(b"CONNECT") for data in heard)


def test_server_certificate_is_kept_while_it_is_good(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.ensure(now=NOW)
    certificate, _ = authority.server_ensure(tmp_path, NAMES, now=NOW)
    before = certificate.read_bytes()
    authority.server_ensure(tmp_path, NAMES, now=NOW + timedelta(days=59))
    assert certificate.read_bytes() == before


def test_server_certificate_is_renewed_thirty_days_before_its_end(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.ensure(now=NOW)
    certificate, _ = authority.server_ensure(tmp_path, NAMES, now=NOW)
    later = NOW + timedelta(days=61)
    authority.server_ensure(tmp_path, NAMES, now=later)
    assert certificate_ends_at(certificate) == later + timedelta(days=90)


def test_server_certificate_is_renewed_for_another_name(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.ensure(now=NOW)
    certificate, _ = authority.server_ensure(tmp_path, NAMES, now=NOW)
    before = certificate.read_bytes()
    authority.server_ensure(tmp_path, (*NAMES, "console.example.com"), now=NOW)
    assert certificate.read_bytes() != before


def test_root_is_never_replaced_because_devices_pin_it(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.ensure(now=NOW)
    before = authority.certificate.read_bytes()
    authority.ensure(now=NOW + timedelta(days=5000))
    assert authority.certificate.read_bytes() == before


def test_keys_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    authority.ensure(now=NOW)
    _, key = authority.server_ensure(tmp_path / "tls", NAMES, now=NOW)
    assert [path.stat().st_mode & 0o777 for path in (authority.key, key)] == [0o600, 0o600]
