"""Two hundred computers that report while a server process is killed, one floods, and one speaks for others.

Whatever was acknowledged to a computer stands in the database once: sent and stored are compared by SQL.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg
import pytest
from nats.errors import Error as NatsError
from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.provision import stack_environment
from seatkeep_launcher.supervisor import Report, read_reports
from seatkeep_protocol.ids import DeviceId, part_of
from seatkeep_protocol.messages import DetectionEvent, TaskRunEvent, message_encode
from seatkeep_protocol.subjects import Kind, up_subject
from seatkeep_protocol.vocabulary import DetectionAction, Severity, TaskRunState

from .conftest import stack_make
from .prepared import Prepared, Simulation, prepare, simulation
from .waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(500)]

DEVICES = int(os.environ.get("SEATKEEP_TEST_FLEET", "200"))
"""The suite's own time has room for so many; 1,000 take some minutes."""
RAMP_PER_SECOND = 25.0 if DEVICES <= 200 else 9.0
"""A longer queue of computers that join than the console takes in within two minutes lets their proofs grow too old."""
EACH = 5
FLOOD = 1_000
TELEMETRY_LIMIT = 256
STORED = """
SELECT device.uid, detection.uid FROM detections_detection detection
JOIN directory_device device ON device.id = detection.device_id WHERE detection.name = %s
"""
EFFECTS = "SELECT count(*) FROM ingest_processedmessage"
REFUSED = "SELECT reason, sum(count)::int FROM ingest_refusedmessages GROUP BY reason"
PRETENDERS = "SELECT subject_id FROM audit_auditentry WHERE action = 'device:pretend'"

Event = tuple[uuid.UUID, uuid.UUID]
"""Device and detection."""


@dataclass
class Scene:
    """A stack under a fleet, and its database."""

    prepared: Prepared
    fleet: Simulation
    database: str
    acknowledged: Counter[Event] = field(default_factory=Counter)

    def report(self, name: str) -> Report:
        """How a process is."""
        return next(one for one in read_reports(self.prepared.stack.data / "run/state.json") if one.name == name)

    def kill(self, name: str) -> None:
        """End a process and its children as `kill -9` does, and wait for its successor."""
        before = self.report(name)
        parent = psutil.Process(before.pid)
        for process in [parent, *(parent.children(recursive=True) if name != "postgres" else [])]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(f"{name} again", lambda: self.report(name).restarts > before.restarts, 45)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says; nothing while it is away."""
        try:
            with psycopg.connect(self.database, connect_timeout=5) as connection:
                return connection.execute(sql, values).fetchall()
        except psycopg.OperationalError:
            return []

    def report_all(self, mark: str) -> list[Future[None]]:
        """Let every device report at its own pace, in the background."""
        return [self.fleet.submit(self._report(one, mark, place)) for place, one in enumerate(self.fleet.devices)]

    async def _report(self, device: SimulatedDevice, mark: str, place: int) -> None:
        for number in range(EACH):
            await asyncio.sleep((place + 1 + number * DEVICES) / (EACH * DEVICES))
            body = detection(mark)
            await device.send(body)
            self.acknowledged[uid_of(device), body.detection] += 1


def detection(name: str) -> DetectionEvent:
    """A finding of its own."""
    return DetectionEvent(
        detection=uuid.uuid4(), at_us=time.time_ns() // 1_000, product="endpoint-workstation", engine="simulated",
        threat=name, severity=Severity.WARNING, path=f"/tmp/{name}", sha256="0" * 64, size_bytes=68,
        action=DetectionAction.QUARANTINED,
    )  # fmt: skip


def hex_of(device: SimulatedDevice) -> DeviceId:
    """The device's id as it stands in subjects."""
    assert device.device is not None
    return DeviceId(device.device)


def uid_of(device: SimulatedDevice) -> uuid.UUID:
    """The device's id as it stands in the database."""
    return uuid.UUID(hex_of(device))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A stack with a fleet that is up and sends heartbeats."""
    folder = tmp_path_factory.mktemp("fleet-faults")
    stack = stack_make()
    try:
        stack.up()
        prepared = prepare(stack, daily_cap=DEVICES + 1)
        plan = prepared.plan(folder / "fleet", DEVICES, ramp_per_second=RAMP_PER_SECOND, heartbeat_seconds=15.0)
        with simulation(plan) as fleet:
            fleet.start(DEVICES)
            database = stack_environment(stack.data, ["manager-ingest"])["SEATKEEP_MANAGER_DATABASE_URL"]
            yield Scene(prepared, fleet, database)
        prepared.browser.close()
    finally:
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


@pytest.mark.parametrize("name", ["postgres", "nats", "manager-ingest", "manager-web"])
def test_what_was_acknowledged_is_stored_once_though_a_process_is_killed(scene: Scene, name: str) -> None:
    mark = f"killed-{name}"
    scene.acknowledged.clear()
    effects = scene.rows(EFFECTS)[0][0]
    sending = scene.report_all(mark)
    wait_until("some reports", lambda: scene.acknowledged.total() >= DEVICES, 60)
    is_in_the_middle = not all(one.done() for one in sending)

    scene.kill(name)

    for one in sending:
        one.result(120)
    wait_until("all reports", lambda: len(scene.rows(STORED, mark)) >= DEVICES * EACH, 60)
    assert is_in_the_middle
    assert Counter(scene.rows(STORED, mark)) == scene.acknowledged
    assert scene.rows(EFFECTS)[0][0] - effects == scene.acknowledged.total() == DEVICES * EACH


def test_a_flooding_agent_is_refused_and_the_others_stay_timely(scene: Scene) -> None:
    flooder = scene.fleet.devices[0]
    neighbors = [one for one in scene.fleet.devices[1:] if part_of(hex_of(one)) == part_of(hex_of(flooder))]
    ingest = psutil.Process(scene.report("manager-ingest").pid)
    ingest.suspend()  # So that the flood is not taken in as fast as it comes.
    try:
        answers = scene.fleet.run(flood(flooder), 60)
        seconds = [scene.fleet.run(timed(one, "beside-the-flood"), 30) for one in neighbors[:5]]
    finally:
        ingest.resume()

    assert answers["taken"] <= TELEMETRY_LIMIT
    assert answers["refused"] >= FLOOD - TELEMETRY_LIMIT
    assert max(seconds) <= 2
    wait_until("the neighbors' reports", lambda: len(scene.rows(STORED, "beside-the-flood")) == len(seconds), 10)


async def flood(device: SimulatedDevice) -> Counter[str]:
    """Send telemetry without end and without patience; returns what the broker answered."""
    subject = up_subject(hex_of(device), Kind.HEARTBEAT)
    answers: Counter[str] = Counter()

    async def one(number: int) -> None:
        raw = encode(device, hex_of(device), device.heartbeat(), number)
        answer = await device.client.request(subject, raw, timeout=30)
        answers["refused" if b'"error"' in answer.data else "taken"] += 1

    await asyncio.gather(*(one(number) for number in range(FLOOD)))
    return answers


async def timed(device: SimulatedDevice, mark: str) -> float:
    """Seconds until a report of a device is acknowledged."""
    begun = time.monotonic()
    await device.send(detection(mark))
    return time.monotonic() - begun


def encode(device: SimulatedDevice, named: DeviceId, body: Any, number: int = 1) -> bytes:
    """A message as a device with a mind of its own would send it."""
    return message_encode(
        body, device=named, spool=uuid.uuid5(uid_of(device), "mind"), seq=number, at_us=time.time_ns() // 1_000,
        message_id=uuid.uuid4(),
    )  # fmt: skip


def test_an_agent_speaks_for_itself_and_answers_what_it_was_asked(scene: Scene) -> None:
    pretender, victim = scene.fleet.devices[1:3]
    run, task = run_of(scene, victim)
    lie = TaskRunEvent(run=run, task=task, state=TaskRunState.FINISHED, at_us=time.time_ns() // 1_000, detail="lie")
    before = dict(scene.rows(REFUSED))

    async def pretend() -> bool:
        client, own = pretender.client, hex_of(pretender)
        await client.request(up_subject(own, Kind.DETECTION), encode(pretender, hex_of(victim), detection("lie")))
        await client.request(up_subject(own, Kind.RUN), encode(pretender, own, lie))
        with suppress(NatsError, TimeoutError):
            foreign = encode(pretender, hex_of(victim), detection("lie"))
            await client.request(up_subject(hex_of(victim), Kind.DETECTION), foreign, timeout=1)
            return False
        return True

    assert scene.fleet.run(pretend(), 30), "the broker let a computer publish for another"
    wait_until("the refusals", lambda: len(new_refusals(scene, before)) == 2, 20)
    assert new_refusals(scene, before) == {"message_foreign": 1, "run_foreign": 1}
    assert scene.rows(PRETENDERS) == [(str(uid_of(pretender)),)]
    assert scene.rows(STORED, "lie") == []
    assert scene.rows("SELECT output FROM tasks_taskrun WHERE uid = %s AND output = 'lie'", run) == []


def new_refusals(scene: Scene, before: dict[str, int]) -> dict[str, int]:
    """How many messages were refused since, by reason."""
    return dict(Counter(dict(scene.rows(REFUSED))) - Counter(before))


def run_of(scene: Scene, device: SimulatedDevice) -> tuple[uuid.UUID, uuid.UUID]:
    """Run and task of an inventory that somebody asks a device for."""
    console = scene.prepared.stack.console
    body = {"kind": "INVENTORY", "params": {}, "devices": [str(uid_of(device))]}
    task = scene.prepared.browser.api("POST", f"{console}/api/v1/tasks", body)
    runs = scene.prepared.browser.api("GET", f"{console}/api/v1/tasks/{task['uid']}/runs")
    return uuid.UUID(runs["items"][0]["uid"]), uuid.UUID(task["uid"])
