"""The real processes on a real broker and a database of their own that is killed under them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import psycopg
import pytest
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from seatkeep_launcher.broker import Broker
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.postgres import Postgres
from seatkeep_protocol.messages import DetectionEvent, Heartbeat, message_encode
from seatkeep_protocol.subjects import BUCKET_STREAM, Kind, up_subject
from seatkeep_protocol.vocabulary import DetectionAction, Severity

pytestmark = pytest.mark.services
EVENTS = 400

MAKE_DEVICE = """
import django; django.setup()
from datetime import UTC, datetime
from seatkeep_manager.directory.enums import DeviceKind, GroupKind
from seatkeep_manager.directory.group_services import group_system_ensure
from seatkeep_manager.directory.services import device_create
from seatkeep_webkit.actors import Actor
now = datetime.now(UTC)
group = group_system_ensure(now=now)[GroupKind.UNASSIGNED]
device = device_create(actor=Actor.system("t"), group_id=group.pk, hostname="pc", kind=DeviceKind.SERVER, now=now)
print("device", device.hex_id)
"""


@dataclass
class Stack:
    """One manager on services of its own."""

    postgres: Postgres
    broker: Broker
    environment: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def call(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "seatkeep_manager", *command], env=self.environment)
        self.started.append(process)
        return process

    def query(self, sql: str) -> int:
        with psycopg.connect(self.postgres.url("manager"), connect_timeout=5) as connection:
            row = connection.execute(sql).fetchone()
            assert row is not None
            return int(row[0])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    folder.chmod(0o755)
    postgres = Postgres(folder=Path("/var/tmp") / f"seatkeep-test-{uuid.uuid4().hex}", port=find_free_port())
    postgres.start()
    postgres.create_database("manager")
    broker = Broker(folder=folder / "nats", port=find_free_port(), monitor_port=find_free_port())
    broker.start(now=datetime.now(UTC) - timedelta(seconds=5))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "seatkeep_manager.project.settings",
        "SEATKEEP_MANAGER_DATABASE_URL": postgres.url("manager"),
        "SEATKEEP_NATS_URL": broker.url,
        "SEATKEEP_NATS_MANAGER_CREDS": str(broker.manager_creds),
    }
    made = Stack(postgres, broker, environment)
    try:
        made.call("-m", "seatkeep_manager", "migrate", "-v", "0")
        yield made
    finally:
        broker.stop()
        postgres.stop()
        subprocess.run(["rm", "-rf", str(postgres.folder)], check=False)


@pytest.fixture
def stack(services: Stack) -> Iterator[Stack]:
    """The services without any process of the manager; those that a test starts end with it."""
    yield services
    while services.started:
        process = services.started.pop()
        process.kill()
        process.wait(10)


def make_device(stack: Stack) -> str:
    return stack.call("-c", MAKE_DEVICE).rsplit("device ", 1)[1].strip()


def detection(device: str, seq: int) -> bytes:
    body = DetectionEvent(
        detection=uuid.uuid4(), at_us=seq, product="p", engine="yara", threat="EICAR", severity=Severity.CRITICAL,
        path="/tmp/x", sha256="a" * 64, size_bytes=1, action=DetectionAction.NONE,
    )  # fmt: skip
    return message_encode(body, device=device, spool=uuid.UUID(int=1), seq=seq, at_us=seq, message_id=uuid.uuid4())


async def publish(stack: Stack, device: str, between: Callable[[int], None]) -> None:
    """Send events as the broker acknowledges them: each ack is a promise."""
    client = await nats.connect(stack.broker.url, user_credentials=str(stack.broker.manager_creds))
    try:
        jetstream = client.jetstream()
        await streams_there(jetstream)
        for seq in range(EVENTS):
            await jetstream.publish(up_subject(device, Kind.DETECTION), detection(device, seq), timeout=10)  # type: ignore[arg-type]
            between(seq)
    finally:
        await client.close()


async def streams_there(jetstream: JetStreamContext) -> None:
    """Wait until the process has made its streams."""
    for _ in range(300):
        try:
            await jetstream.stream_info("EVT")
            await jetstream.stream_info("TEL")
            return
        except NotFoundError:
            await asyncio.sleep(0.1)
    raise AssertionError("the streams were not made")


async def until(is_true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.1)


def detections(stack: Stack, device: str) -> int:
    """How many detections of a device were taken in; -1 while the database is away."""
    wanted = "SELECT count(*) FROM detections_detection f JOIN directory_device d ON d.id = f.device_id"
    try:
        return stack.query(f"{wanted} WHERE d.uid = '{uuid.UUID(device)}'")  # a UUID of our own
    except psycopg.OperationalError:
        return -1


def test_postgresql_killed_in_the_middle_loses_and_doubles_nothing(stack: Stack) -> None:
    device = make_device(stack)
    stack.start("ingest")

    def kill_once(seq: int) -> None:
        if seq == EVENTS // 3:
            stack.postgres.kill()
        if seq == 2 * EVENTS // 3:
            time.sleep(0.5)
            stack.postgres.start()

    asyncio.run(publish(stack, device, kill_once))
    asyncio.run(until(lambda: detections(stack, device) >= EVENTS, seconds=60))
    assert detections(stack, device) == EVENTS


def test_ingest_killed_in_the_middle_loses_and_doubles_nothing(stack: Stack) -> None:
    device = make_device(stack)
    first = stack.start("ingest")

    def kill_once(seq: int) -> None:
        if seq == EVENTS // 2:
            first.send_signal(signal.SIGKILL)
            stack.start("ingest")

    asyncio.run(publish(stack, device, kill_once))
    asyncio.run(until(lambda: detections(stack, device) >= EVENTS, seconds=90))
    assert detections(stack, device) == EVENTS


def test_a_heartbeat_shows_the_device_online_within_seconds(stack: Stack) -> None:
    device = make_device(stack)
    stack.start("ingest")

    async def send(client: Client, seq: int) -> None:
        body = Heartbeat(agent_version="1", started_at_us=0, interval_seconds=60)
        raw = message_encode(
            body, device=device, spool=uuid.UUID(int=1), seq=seq, at_us=time.time_ns() // 1000, message_id=uuid.uuid4()
        )
        await client.jetstream().publish(up_subject(device, Kind.HEARTBEAT), raw)  # type: ignore[arg-type]
        told = "SELECT coalesce(max(heartbeat_seq), 0) FROM directory_device WHERE online_until > now()"
        await until(lambda: stack.query(told) == seq)

    async def beat() -> float:
        client = await nats.connect(stack.broker.url, user_credentials=str(stack.broker.manager_creds))
        await streams_there(client.jetstream())
        await send(client, 1)  # The readers have begun then: starting a process is not what is measured.
        started = time.perf_counter()
        await send(client, 2)
        await client.close()
        return time.perf_counter() - started

    assert asyncio.run(beat()) < 5


@pytest.mark.parametrize("name", ["ingest", "publisher"])
def test_a_process_ends_cleanly_at_sigterm(stack: Stack, name: str) -> None:
    async def begun() -> None:
        client = await nats.connect(stack.broker.url, user_credentials=str(stack.broker.manager_creds))
        jetstream = client.jetstream()
        for stream in ("EVT", "TEL", BUCKET_STREAM):
            with contextlib.suppress(NotFoundError):
                await jetstream.delete_stream(stream)
        process = stack.start(name)
        await streams_there(jetstream)  # Whoever makes the streams listens to signals already.
        await client.close()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0

    asyncio.run(begun())
