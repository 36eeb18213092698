"""Machines that are not well: clocks a day wrong, full disks at the agent and at the server."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from seatkeep_bench.provision import stack_environment
from seatkeep_protocol.messages import DetectionEvent
from seatkeep_protocol.vocabulary import DetectionAction, Severity

from .conftest import stack_make
from .journey import EICAR
from .prepared import Prepared, Simulation, prepare, simulation
from .source_agent import SourceAgent
from .waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(500)]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts small disks")

EVENTS = 40
DATABASE_DISK = "768m"
"""Room for two databases and their journal, and little enough to be filled in a moment."""
FOUND = "SELECT path FROM detections_detection WHERE path LIKE %s"


@dataclass
class Scene:
    """A stack whose database lies on a disk of its own, and one simulated computer."""

    prepared: Prepared
    fleet: Simulation
    database: str

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the console's API as the owner."""
        method = "GET" if body is None else "POST"
        return self.prepared.browser.api(method, f"{self.prepared.stack.console}/api/v1{path}", body)

    def problems(self, device: str) -> set[str]:
        """Kinds of a computer's problems that are open."""
        items = self.ask(f"/problems?device={device}")["items"]
        return {one["kind"] for one in items if one["resolved_at"] is None}

    def scan(self, device: str, folder: Path) -> str:
        """Order a scan that takes what it finds into quarantine; returns the task."""
        params = {"targets": [str(folder)], "is_quarantining": True}
        return str(self.ask("/tasks", {"kind": "SCAN", "params": params, "devices": [device]})["uid"])

    def state(self, task: str) -> str:
        """How the only run of a task stands."""
        return str(self.ask(f"/tasks/{task}/runs")["items"][0]["state"])

    def found(self, folder: str) -> list[str]:
        """Files below a folder that stand in the database; none while it is away."""
        try:
            with psycopg.connect(self.database, connect_timeout=5) as connection:
                return [path for (path,) in connection.execute(FOUND, [f"{folder}/%"])]
        except psycopg.OperationalError:
            return []


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk in memory at a folder, for as long as the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte of room on the folder's disk, for as long as the block runs."""
    filling = folder / "filling"
    try:
        with filling.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)
        yield
    finally:
        filling.unlink()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The stack, past its first run."""
    stack = stack_make()
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, stack.data, ignore_errors=True)
        if os.geteuid() == 0:
            opened.enter_context(small_disk(stack.data / "postgres", DATABASE_DISK))
        opened.callback(stack.down)
        stack.up()
        prepared = prepare(stack)
        opened.callback(prepared.browser.close)
        fleet = opened.enter_context(simulation(prepared.plan(tmp_path_factory.mktemp("fleet") / "machines", 1)))
        fleet.start(1)
        environment = stack_environment(stack.data, ["manager-ingest"])
        yield Scene(prepared, fleet, environment["SEATKEEP_MANAGER_DATABASE_URL"])


@pytest.mark.parametrize(
    ("days", "told", "lease"),
    [(1, {"clock_wrong"}, "ACTIVE"), (-1, {"clock_wrong", "policy_error"}, "SOFT_EXPIRED")],
)
def test_a_clock_a_day_wrong_costs_no_protection_and_is_told(
    scene: Scene, days: int, told: set[str], lease: str, tmp_path: Path
) -> None:
    """Behind the hub's signed time a lease counts as soft expired: the endpoint says so, and goes on protecting."""
    agent = SourceAgent(tmp_path / "machine", timedelta(days=days))
    try:
        device = agent.set_up(scene.prepared)
        scene.prepared.policy_change(f"/wrong/by/{days}")
        wait_until("obedience", lambda: agent.settings().get("scan.exclusions") == [f"/wrong/by/{days}"], 30)
        task = scene.scan(device, tmp_path)
        wait_until("the scan", lambda: scene.state(task) == "FINISHED", 60)
        wait_until("the problem", lambda: told <= scene.problems(device), 90)
        assert scene.problems(device) - told <= {"not_protected", "scan_only"}
        assert scene.ask(f"/devices/{device}")["lease"]["state"] == lease
    finally:
        agent.stop()


@needs_root
def test_a_full_disk_at_an_agent_loses_no_finding_and_is_told(scene: Scene, tmp_path: Path) -> None:
    agent, infected = SourceAgent(tmp_path / "machine"), tmp_path / "infected"
    infected.mkdir()
    with small_disk(agent.root / "var", "24m"):
        try:
            device = agent.set_up(scene.prepared)
            for number in range(5):
                (infected / f"invoice-{number}.com").write_text(EICAR)
            with full(agent.root / "var"):
                scene.scan(device, infected)
                wait_until("a word about the disk", lambda: "full" in agent.log(), 60)
            again = scene.scan(device, infected)
            wait_until("a scan with room", lambda: scene.state(again) == "FINISHED", 60)
            wait_until("the findings", lambda: len(set(scene.found(str(infected)))) == 5, 30)
        finally:
            agent.stop()


@needs_root
def test_a_full_disk_at_the_database_answers_503_and_loses_nothing(scene: Scene) -> None:
    device, mark = scene.fleet.devices[0], f"/full/{uuid.uuid4().hex}"

    async def report() -> None:
        for number in range(EVENTS):
            await device.send(detection(f"{mark}/{number}"))

    with full(scene.prepared.stack.data / "postgres"):
        wait_until("a polite refusal", lambda: refusal(scene) == 503, 60)
        scene.fleet.run(report(), 60)

    wait_until("the console", lambda: refusal(scene) == 0, 60)
    wait_until("all reports", lambda: len(scene.found(mark)) == EVENTS, 60)
    assert len(set(scene.found(mark))) == EVENTS


def refusal(scene: Scene) -> int:
    """What the console answers to who wants to write something; 0 when it did so."""
    url = f"{scene.prepared.stack.console}/api/v1/policies"
    body = {"name": uuid.uuid4().hex, "product": "endpoint", "settings": {}, "description": "x" * 2_000}
    try:
        answer = scene.prepared.browser.send("POST", url, json=body)
    except httpx.HTTPError:
        return -1
    return 0 if answer.is_success else answer.status_code


def detection(path: str) -> DetectionEvent:
    """A finding of its own."""
    return DetectionEvent(
        detection=uuid.uuid4(), at_us=1_795_000_000_000_000, product="endpoint-workstation", engine="simulated",
        threat="Test", severity=Severity.WARNING, path=path, sha256="0" * 64, size_bytes=68,
        action=DetectionAction.QUARANTINED,
    )  # fmt: skip
