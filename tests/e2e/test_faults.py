"""Killed processes, bad messages and wrong keys on a real stack: a clear error or a clean retry, nothing lost."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from nats.errors import Error as NatsError
from seatkeep_bench.bus import Bus
from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.errors import BenchError, RefusedError, TryAgainError
from seatkeep_bench.identity import Identity, Persona
from seatkeep_bench.web import Web, tls_context
from seatkeep_launcher.supervisor import Report, read_reports
from seatkeep_protocol.messages import DetectionEvent
from seatkeep_protocol.subjects import Kind, up_subject
from seatkeep_protocol.vocabulary import DetectionAction, Severity

from .conftest import stack_make
from .prepared import Prepared, RealDevice, Simulation, prepare, simulation
from .storm import Books, Storm
from .waiting import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]

DEVICES = 4
SEATS = 200
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass
class Scene:
    """A stack with a few computers on it."""

    prepared: Prepared
    fleet: Simulation
    folder: Path

    def report(self, name: str) -> Report:
        """How a process is."""
        reports = read_reports(self.prepared.stack.data / "run/state.json")
        return next(report for report in reports if report.name == name)

    def kill(self, name: str) -> None:
        """End a process and its children, as the kernel does when memory runs out, and wait for its successor."""
        before = self.report(name)
        family = [psutil.Process(before.pid), *psutil.Process(before.pid).children(recursive=True)]
        for process in family if name != "postgres" else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        wait_until(f"{name} again", lambda: self._is_successor(before), 45)

    def _is_successor(self, before: Report) -> bool:
        now = self.report(before.name)
        return now.restarts > before.restarts and now.pid is not None

    def send(self, device: SimulatedDevice, count: int, mark: str) -> None:
        """Report detections one after the other; returns when the broker has all of them on disk."""

        async def all_of_them() -> None:
            for number in range(count):
                await device.send(detection(f"{mark}-{number}"))

        self.fleet.run(all_of_them(), 90)

    def found(self, mark: str) -> list[str]:
        """Names of detections in the console that begin with a mark; none while the console says "one moment"."""
        try:
            rows = self.prepared.rows(f"/detections/?q={mark}")
        except BenchError as error:
            if " answered 503" not in str(error):
                raise
            return []
        return [row["Detection"] for row in rows if row["Detection"].startswith(mark)]


def detection(name: str) -> DetectionEvent:
    """A detection of its own."""
    return DetectionEvent(
        detection=uuid.uuid4(), at_us=1_795_000_000_000_000, product="endpoint-workstation", engine="simulated",
        threat=name, severity=Severity.CRITICAL, path=f"/tmp/{name}", sha256="0" * 64, size_bytes=68,
        action=DetectionAction.QUARANTINED,
    )  # fmt: skip


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A stack past its first run, with simulated computers."""
    folder = tmp_path_factory.mktemp("faults")
    stack = stack_make()
    try:
        stack.up()
        prepared = prepare(stack)
        with simulation(prepared.plan(folder / "fleet", DEVICES)) as fleet:
            fleet.start(DEVICES)
            yield Scene(prepared, fleet, folder)
        prepared.browser.close()
    finally:
        stack.down()
        shutil.rmtree(stack.data, ignore_errors=True)


@pytest.mark.parametrize("name", ["manager-publisher", "front-door", "manager-web"])
def test_a_policy_reaches_the_computers_though_a_process_was_killed(scene: Scene, name: str) -> None:
    scene.kill(name)

    wait_until("the console", lambda: is_answering(scene), 30)
    scene.prepared.policy_change(f"/after/{name}")

    wait_until("obedience", lambda: all(exclusions(one) == [f"/after/{name}"] for one in scene.fleet.devices), 30)


def is_answering(scene: Scene) -> bool:
    """Whether the console answers through the front door."""
    with suppress(httpx.HTTPError):
        return httpx.get(f"{scene.prepared.stack.console}/healthz", trust_env=False).is_success
    return False


def exclusions(device: SimulatedDevice) -> list[str]:
    """What a device is told not to scan."""
    return list(device.settings().get("scan.exclusions", []))


def test_no_seat_is_lost_or_oversold_in_a_storm_though_servers_are_killed(scene: Scene) -> None:
    storm = Storm.order(scene.prepared, SEATS)

    storm.rage(lambda: [scene.kill(name) for name in ("hub-fast", "postgres", "hub-fast")])

    assert len(storm.given) == len(set(storm.given)) == SEATS
    assert set(storm.refused) == {"no_seat_left"}
    assert storm.books() == [Books(used=SEATS, limit=SEATS, seats=SEATS, ledger=SEATS)]
    assert all(is_polite(one) for one in storm.told), storm.told


def is_polite(answer: str) -> bool:
    """Whether somebody was asked to come again, or met a server that was not there."""
    return answer.startswith(("HTTP 502", "HTTP 503", "HTTP 504", "RemoteProtocolError", "ReadError", "ConnectError"))


def test_a_hub_that_hangs_is_told_in_the_console_and_comes_back_by_itself(scene: Scene) -> None:
    stack = scene.prepared.stack
    wait_until("a good link", lambda: link(scene)["disconnected_since"] is None, 30)
    pids = [pid for name in ("hub-web", "hub-fast") for pid in family_of(scene.report(name))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        scene.prepared.browser.api("POST", f"{stack.console}/api/v1/link/sync", {})
        wait_until("the disconnection", lambda: link(scene)["disconnected_since"] is not None, 45)
        wait_until("its reason, between two attempts", lambda: bool(link(scene)["reason"]), 45)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    wait_until("the connection", lambda: link(scene)["disconnected_since"] is None, 60)


def link(scene: Scene) -> dict[str, Any]:
    """The link to Licensing, as the console shows it."""
    return dict(scene.prepared.browser.api("GET", f"{scene.prepared.stack.console}/api/v1/link"))


def family_of(report: Report) -> list[int]:
    """A process and its children."""
    return [process.pid for process in [psutil.Process(report.pid), *psutil.Process(report.pid).children(True)]]


def test_garbage_with_a_devices_own_credentials_harms_nobody(scene: Scene) -> None:
    sinner, neighbor = scene.fleet.devices[:2]

    async def garbage() -> None:
        for kind in Kind:
            for raw in (b"", b"\x00", b"\xc1" * 100, b"\x81" * 60_000, os.urandom(5_000)):
                with suppress(NatsError):
                    await sinner.client.request(up_subject(sinner.device, kind), raw, timeout=5)

    scene.fleet.run(garbage(), 60)
    scene.send(sinner, 1, "sinner")
    scene.send(neighbor, 1, "neighbor")

    wait_until("both detections", lambda: scene.found("sinner") and scene.found("neighbor"), 20)


def test_a_ten_megabyte_message_cuts_its_sender_off_and_nobody_else(scene: Scene) -> None:
    sinner, neighbor = scene.fleet.devices[:2]

    async def flood() -> None:
        bus = await second_connection(scene.prepared, sinner)
        bus.client._max_payload = 2**30  # The client's own guard is not what is tested.
        with suppress(NatsError, ConnectionError):
            await bus.client.publish(up_subject(sinner.device, Kind.DETECTION), b"x" * 10_000_000)
            await bus.client.flush(5)
        cut_off.append(not bus.client.is_connected)
        await bus.close()

    cut_off: list[bool] = []
    scene.fleet.run(flood(), 60)
    scene.send(neighbor, 1, "beside-the-flood")
    scene.send(sinner, 1, "after-the-flood")

    wait_until("both", lambda: scene.found("beside-the-flood") and scene.found("after-the-flood"), 30)
    assert cut_off == [True]


async def second_connection(prepared: Prepared, device: SimulatedDevice) -> Bus:
    """A further connection with a device's own credentials."""
    context = tls_context(prepared.ca_file)
    web = Web(console_url=prepared.console_for_devices, key="", context=context)
    jwt = await web.broker_jwt(device.identity, device.device)
    await web.close()

    async def nothing() -> None:
        return

    return await Bus.connect(
        device.identity, device=device.device, urls=[f"tls://localhost:{prepared.stack.nats_port}"], jwt=lambda: jwt,
        context=context, on_reconnect=nothing,
    )  # fmt: skip


def test_an_agent_killed_in_the_middle_of_a_scan_loses_and_doubles_nothing(scene: Scene) -> None:
    real = RealDevice(scene.folder / "device")
    done = real.install(scene.prepared)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        device = re.search(r"device ([0-9a-f-]{36})", done.stdout)
        assert device is not None
        infected = scene.folder / "infected"
        infected.mkdir()
        for number in range(20):
            (infected / f"invoice-{number}.com").write_text(EICAR)
        params = {"targets": [str(infected)], "is_quarantining": True}
        body = {"kind": "SCAN", "params": params, "devices": [device.group(1)]}
        task = scene.prepared.browser.api("POST", f"{scene.prepared.stack.console}/api/v1/tasks", body)
        wait_until("the first finding", lambda: len(list(infected.iterdir())) < 20, 30, every=0.01)
        for process in real.processes("run"):
            process.kill()
        wait_until("the end of the run", lambda: runs(scene, task["uid"]) - {"QUEUED", "RUNNING"} != set(), 60)
        taken = 20 - len(list(infected.iterdir()))
        wait_until("all that was found", lambda: len(scanned(scene, infected)) >= taken, 30)
        assert len(scanned(scene, infected)) == len(set(scanned(scene, infected))) == taken
    finally:
        real.stop()


def runs(scene: Scene, task: str) -> set[str]:
    """States of a task's runs."""
    answer = scene.prepared.browser.api("GET", f"{scene.prepared.stack.console}/api/v1/tasks/{task}/runs")
    return {run["state"] for run in answer["items"]}


def scanned(scene: Scene, folder: Path) -> list[str]:
    """Files of a folder that stand in the console's detections."""
    return [row["File"] for row in scene.prepared.rows("/detections/") if row["File"].startswith(str(folder))]


def test_wrong_foreign_and_revoked_keys_end_as_they_should(scene: Scene) -> None:
    console = scene.prepared.stack.console
    group = scene.prepared.browser.api("GET", f"{console}/api/v1/installers")["items"][0]["group"]["uid"]
    wanted = {"kind": "INSTALL_LINK", "group": group}
    made = scene.prepared.browser.api("POST", f"{console}/api/v1/installers", wanted)
    scene.prepared.browser.api("POST", f"{console}/api/v1/installers/{made['uid']}/revoke")

    outcomes = {key: outcome_of(scene, key) for key in ("", "skd_" + "A" * 32, "é\x00", "x" * 10_000)}

    assert set(outcomes.values()) == {"key_unknown"}, outcomes
    assert outcome_of(scene, made["secret"]) == "waits for approval"
    waiting = scene.prepared.browser.api("GET", f"{console}/api/v1/approvals")["items"]
    assert [one["reason"] for one in waiting] == ["TOKEN_REVOKED"]


def outcome_of(scene: Scene, key: str) -> str:
    """What the door says to a new computer with a key."""

    async def ask() -> str:
        prepared = scene.prepared
        web = Web(console_url=prepared.console_for_devices, key=key, context=tls_context(prepared.ca_file))
        try:
            await web.enroll(Identity("stranger", 1, Persona.WORKSTATION))
        except RefusedError as error:
            return error.code
        except TryAgainError as error:
            return str(error)
        finally:
            await web.close()
        return "enrolled"

    return asyncio.run(ask())


def test_doctor_finds_a_running_stack_well_and_an_open_secret_bad(scene: Scene) -> None:
    stack = scene.prepared.stack
    well = stack.seatkeep("doctor")
    secret = next(path for path in (stack.data / "secrets").rglob("*") if path.is_file())
    mode = secret.stat().st_mode
    secret.chmod(0o644)
    try:
        with pytest.raises(AssertionError, match="chmod 600"):
            stack.seatkeep("doctor")
    finally:
        secret.chmod(mode)
    assert "held by Seatkeep" in well
    assert "all are well" in well


def test_a_taken_port_is_named_and_nothing_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = stack_make()
        stack.http_port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as failed:
            stack.seatkeep("up", "--detach")
    said = " ".join(str(failed.value).split())
    assert str(stack.http_port) in said
    assert "SEATKEEP_HTTP_PORT" in said
    assert not (stack.data / "run/state.json").exists()
    assert read_reports(stack.data / "run/state.json") == []
    shutil.rmtree(stack.data)
