"""The real programs as processes, a real broker with TLS; only console and hub are small stand-ins over HTTPS."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import pytest
from proxying import serving
from seatkeep_agent.config import StatusFile
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_agent.removal import seat_release
from seatkeep_license.keys import SigningKey
from seatkeep_protocol.documents import audience_of_device
from seatkeep_protocol.membership import DynamicNode, Operation, Operator, Rule, Template
from seatkeep_protocol.messages import (
    Body,
    DetectionEvent,
    EndpointStatus,
    Heartbeat,
    Inventory,
    QuarantineEvent,
    TaskRunEvent,
)
from seatkeep_protocol.policy import ChainNode, NodeKind
from seatkeep_protocol.subjects import KEYS_KEY, device_key, group_key
from seatkeep_protocol.triggers import GroupTask, run_id
from world import DEPLOYMENT_KEY, PRODUCT, World, now

pytestmark = pytest.mark.services

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
BodyT = TypeVar("BodyT", bound=Body)


class Machine:
    """One installation below one folder."""

    def __init__(self, root: Path, world: World) -> None:
        self.root, self.world = root, world
        self.proxy = ""

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, **environment}
        command = [sys.executable, "-m", "seatkeep_agent", *arguments, "--root", str(self.root)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def setup(self, key: str = DEPLOYMENT_KEY, wait: str = "20") -> subprocess.CompletedProcess[str]:
        return self.command(
            "setup", "--console", self.world.url, "--ca", str(self.world.ca_file), "--wait", wait,
            "--proxy", self.proxy, SEATKEEP_KEY=key,
        )  # fmt: skip

    def stop(self) -> None:
        pid = platform().holder(self.root / "run" / "agent.pid")
        if pid:
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda: platform().holder(self.root / "run" / "agent.pid") is None)

    def agent_pid(self) -> int:
        return platform().holder(self.root / "run" / "agent.lock") or 0

    def status(self) -> StatusFile:
        try:
            return msgspec.json.decode((self.root / "run" / "agent-status.json").read_bytes(), type=StatusFile)
        except OSError:
            return StatusFile()


@pytest.fixture
def machine(world: World, tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine", world)
    yield made
    made.stop()


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


async def heard(
    world: World, kind: type[BodyT], condition: Callable[[BodyT], bool] = lambda body: True, seconds: float = 20
) -> BodyT:
    """The newest message of a kind that fits, waiting for it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for body in reversed(world.seen):
            if isinstance(body, kind) and condition(body):
                return body
        await asyncio.sleep(0.05)
    raise AssertionError(f"no such {kind.__name__} among {[type(body).__name__ for body in world.seen]}")


async def start(world: World, machine: Machine) -> EndpointStatus:
    """Set up, and play the manager: ticket as soon as the endpoint's key is known."""
    await world.connect()
    await world.put_all()
    setup = asyncio.create_task(asyncio.to_thread(machine.setup))
    status = await heard(world, EndpointStatus)
    await world.put(world.device_document(license=world.assignment(status.key_jkt)))
    done = await setup
    assert done.returncode == 0, done.stdout + done.stderr
    return await heard(world, EndpointStatus, lambda body: body.license.state == "ACTIVE")


async def test_setup_leads_to_a_licensed_device_and_says_that_it_has_test_rules_only(
    world: World, machine: Machine
) -> None:
    status = await start(world, machine)
    assert (status.product, status.protection) == (PRODUCT, "TEST_RULES")
    await heard(world, Heartbeat, lambda body: device_key(world.device) in body.applied)
    inventory = await heard(world, Inventory)
    assert inventory.hardware.ram_bytes > 0
    assert [step["step"] for step in world.progress] == ["enrolled", "activated", "protected"]


async def test_a_machine_that_leaves_only_by_a_proxy_joins_reports_and_gets_its_seat(
    world: World, machine: Machine
) -> None:
    """Enrollment, the front door's WebSocket and the endpoint's hub: all by the proxy of set-up."""
    world.move_far()
    door = await world.open_front_door()
    with serving() as served:
        machine.proxy = f"http://127.0.0.1:{served.proxy()}"
        status = await start(world, machine)
        await asyncio.to_thread(machine.stop)
    door.close()
    assert status.license.state == "ACTIVE"
    assert set(served.asked) == {urlsplit(url).netloc for url in (world.url, *world.nats_urls)}


async def test_a_scan_task_finds_quarantines_restores_and_deletes(
    world: World, machine: Machine, tmp_path: Path
) -> None:
    await start(world, machine)
    infected = tmp_path / "docs" / "eicar.com"
    infected.parent.mkdir()
    infected.write_bytes(EICAR)
    infected.chmod(0o640)
    scan = world.task("SCAN", targets=[str(infected.parent)])
    await world.put(world.device_document(tasks=(scan,)))
    found = await heard(world, DetectionEvent)
    assert (found.threat, found.action, infected.exists()) == ("EICAR-Test-File", "QUARANTINED", False)
    await heard(world, TaskRunEvent, lambda body: body.run == scan.run and body.state == "FINISHED")
    restore = world.task("QUARANTINE_RESTORE", item=str(found.item), is_excluding=False)
    await world.put(world.device_document(tasks=(scan, restore)))
    await heard(world, QuarantineEvent, lambda body: body.state == "RESTORED")
    assert (infected.read_bytes(), infected.stat().st_mode & 0o777) == (EICAR, 0o640)
    again = world.task("SCAN", targets=[str(infected.parent)])
    await world.put(world.device_document(tasks=(scan, restore, again)))
    second = await heard(world, DetectionEvent, lambda body: body.run == again.run)
    delete = world.task("QUARANTINE_DELETE", item=str(second.item))
    await world.put(world.device_document(tasks=(delete,)))
    await heard(world, QuarantineEvent, lambda body: body.state == "DELETED")
    assert list((machine.root / "var" / "quarantine").iterdir()) == []


async def test_a_file_written_in_a_watched_folder_is_found_without_a_scan(
    world: World, machine: Machine, tmp_path: Path
) -> None:
    await start(world, machine)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    world.policies = (world.policy(watch__folders=[str(inbox)]),)
    await world.put(world.group_document())
    await heard(world, EndpointStatus, lambda body: body.settings["watch.folders"] == [str(inbox)])
    (inbox / "eicar.com").write_bytes(EICAR)
    found = await heard(world, DetectionEvent)
    assert (found.threat, found.run, (inbox / "eicar.com").exists()) == ("EICAR-Test-File", None, False)
    status = await heard(world, EndpointStatus)
    assert not status.capabilities.has_on_access


async def test_a_policy_is_live_within_seconds_and_reverts_when_it_goes(world: World, machine: Machine) -> None:
    await start(world, machine)
    world.policies = (world.policy(scan__schedule="0 3 * * *", scan__exclusions=["/skip"]),)
    began = time.monotonic()
    await world.put(world.group_document())
    await heard(world, EndpointStatus, lambda body: body.settings["scan.schedule"] == "0 3 * * *")
    assert time.monotonic() - began < 5  # 0.3 on a quiet machine; bench-smoke holds the goal of 2.
    world.policies = ()
    world.seen.clear()
    await world.put(world.group_document())
    await heard(world, EndpointStatus, lambda body: body.settings["scan.schedule"] is None)


async def test_a_dynamic_group_takes_the_device_and_its_policy_and_task_follow(world: World, machine: Machine) -> None:
    """The group asks for what is true and then for what is not; the policy comes and goes with it, the task comes."""
    await start(world, machine)
    group = "dd" * 16
    node = ChainNode(
        kind=NodeKind.DYNAMIC, node=group, name="Linux", policies=(world.policy(scan__schedule="0 4 * * *"),)
    )
    task = GroupTask(
        task=uuid.uuid4(), group=group, kind="EXPORT_CONFIGURATION", params={}, trigger={"type": "JOINED"},
        issued_at_us=int(now().timestamp() * 1_000_000), life_seconds=3600,
    )  # fmt: skip
    for family, groups, schedule in (("LINUX", [group], "0 4 * * *"), ("WINDOWS", [], None)):
        template = Template(Operation.AND, (Rule("os.family", Operator.EQUAL, family),))
        dynamic = {world.group: (DynamicNode(node, template),)}
        world.seen.clear()
        await world.put(msgspec.structs.replace(world.group_document(), dynamic=dynamic, tasks=(task,)))
        await heard(world, Heartbeat, lambda body, groups=groups: body.groups == groups)
        await heard(world, EndpointStatus, lambda body, at=schedule: body.settings["scan.schedule"] == at)
        if groups:
            run = await heard(world, TaskRunEvent, lambda body: body.state == "FINISHED")
            assert run.run == run_id(task=task.task, device=world.device, fired_at_us=run.fired_at_us or 0)
            assert run.result["endpoint"]["scan.schedule"] == schedule


async def test_events_made_while_the_broker_is_down_arrive_after_it_returns(
    world: World, machine: Machine, tmp_path: Path
) -> None:
    await start(world, machine)
    infected = tmp_path / "late" / "eicar.com"
    infected.parent.mkdir()
    scan = world.task("SCAN", targets=[str(infected.parent)])
    infected.write_bytes(b"clean" * 1000)
    await world.put(world.device_document(tasks=(scan,)))
    await heard(world, TaskRunEvent, lambda body: body.run == scan.run and body.state == "FINISHED")
    infected.write_bytes(EICAR)
    late = world.task("SCAN", targets=[str(infected.parent)])
    await world.put(world.device_document(tasks=(late,)))
    world.broker.kill()
    wait_until(lambda: not machine.status().is_connected)
    os.kill(machine.agent_pid(), signal.SIGKILL)
    world.broker.start(now=now())
    await world.client.close()
    await world.connect()
    await heard(world, DetectionEvent, seconds=60)


async def test_a_stolen_broker_makes_the_agent_do_nothing_but_say_so(
    world: World, machine: Machine, tmp_path: Path
) -> None:
    """Who holds the broker can store any bytes: forged, of yesterday, of another device, with keys of their own."""
    await start(world, machine)
    obeyed, pid = world.device_document(), machine.agent_pid()
    await world.put(obeyed)
    key, thief = device_key(world.device), SigningKey.generate()
    retire = msgspec.structs.replace(obeyed, version=world.next_version(), retire=world.retire_order())
    stranger = msgspec.structs.replace(retire, key=device_key("f" * 32), audience=audience_of_device("f" * 32))
    attacks = [
        (retire, thief, None),
        (msgspec.structs.replace(retire, version=obeyed.version - 1), None, None),
        (msgspec.structs.replace(stranger, device="f" * 32), None, key),
        (world.keys_document(), thief, None),
    ]
    for document, signer, at in attacks:
        await world.put(document, key=signer, at=at)
    wait_until(lambda: {key, KEYS_KEY} <= set(machine.status().refused_documents))
    scan = world.task("SCAN", targets=[str(tmp_path)])
    await world.put(world.device_document(tasks=(scan,)))
    await heard(world, TaskRunEvent, lambda body: body.run == scan.run and body.state == "FINISHED")
    assert machine.agent_pid() == pid
    assert world.released == []


async def test_stop_protecting_works_at_once_and_is_undone(world: World, machine: Machine) -> None:
    status = await start(world, machine)
    await world.put(world.device_document(license=world.assignment(status.key_jkt, is_stopped=True)))
    await heard(world, EndpointStatus, lambda body: body.license.state == "STOPPED")
    world.seen.clear()
    await world.put(world.device_document(license=world.assignment(status.key_jkt, is_stopped=False)))
    await heard(world, EndpointStatus, lambda body: body.license.state == "ACTIVE")


@pytest.mark.parametrize("is_cut_off_first", [True, False], ids=["revoked-first", "told-first"])
async def test_a_device_that_moves_follows_its_new_company_at_once_and_loses_nothing(
    world: World, machine: Machine, tmp_path: Path, is_cut_off_first: bool
) -> None:
    await start(world, machine)
    infected = tmp_path / "docs" / "eicar.com"
    infected.parent.mkdir()
    infected.write_bytes(EICAR)
    scan = world.task("SCAN", targets=[str(infected.parent)])
    world.policies = (world.policy(scan__schedule="0 5 * * *"),)
    world.move()
    if is_cut_off_first:
        world.revoke()
    await world.put(world.group_document())
    await world.put(world.device_document(tasks=(scan,)))
    await heard(world, EndpointStatus, lambda body: body.settings["scan.schedule"] == "0 5 * * *")
    if not is_cut_off_first:
        world.revoke()
    found = await heard(world, DetectionEvent)
    await heard(world, Heartbeat, lambda body: group_key(world.company, world.group) in body.applied)
    assert (found.run, machine.status().company, machine.status().is_connected) == (scan.run, world.company, True)
    assert world.requests.count("/agent/v1/jwt") == 1


async def test_a_restored_manager_that_lost_the_assignment_does_not_cost_the_seat(
    world: World, machine: Machine
) -> None:
    await start(world, machine)
    world.requests.clear()
    await world.put(world.device_document(license=None, restore_id="second"))
    wait_until(lambda: "/activate/v1/renew" in world.requests)
    await heard(world, EndpointStatus, lambda body: body.license.state == "ACTIVE")
    assert world.released == []


async def test_a_restored_manager_that_lost_the_device_takes_it_back(world: World, machine: Machine) -> None:
    await start(world, machine)
    await world.stream.purge_stream("KV_state")
    world.is_forgetful = True
    world.requests.clear()
    os.kill(machine.agent_pid(), signal.SIGKILL)
    wait_until(lambda: "/agent/v1/return" in world.requests, seconds=60)
    assert not world.is_forgetful


async def test_a_retire_order_releases_the_seat_and_removes_the_files(world: World, machine: Machine) -> None:
    await start(world, machine)
    await world.put(world.device_document(retire=world.retire_order()))
    await asyncio.to_thread(wait_until, lambda: not (machine.root / "var").exists(), 30)
    assert world.released == ["seat-1"]


async def test_a_seat_given_back_at_removal_is_not_taken_again_by_the_agent_that_still_runs(
    world: World, machine: Machine
) -> None:
    await start(world, machine)
    activations = world.requests.count("/activate/v1/activate")
    assert await seat_release(Layout(machine.root), platform())
    await asyncio.to_thread(wait_until, lambda: "seat: retired" in Layout(machine.root).log_file.read_text())
    assert (world.released, world.requests.count("/activate/v1/activate")) == (["seat-1"], activations)


async def test_no_free_seat_ends_setup_with_code_11_and_the_reason(world: World, machine: Machine) -> None:
    world.refusal = "no_seat_left"
    await world.connect()
    await world.put_all()
    setup = asyncio.create_task(asyncio.to_thread(machine.setup, DEPLOYMENT_KEY, "12"))
    status = await heard(world, EndpointStatus)
    await world.put(world.device_document(license=world.assignment(status.key_jkt)))
    done = await setup
    assert (done.returncode, "no_seat_left" in done.stdout) == (11, True)
    refused = await heard(world, EndpointStatus, lambda body: body.license.state == "REFUSED")
    assert refused.license.error == "no_seat_left"


def test_a_wrong_key_ends_setup_with_code_5(machine: Machine) -> None:
    assert machine.setup(key="WRONG").returncode == 5


def test_a_console_with_an_unknown_authority_ends_setup_with_code_4(machine: Machine, world: World) -> None:
    done = machine.command("setup", "--console", world.url, SEATKEEP_KEY=DEPLOYMENT_KEY)
    assert (done.returncode, "certificate" in done.stderr.lower()) == (4, True)


async def test_waiting_for_approval_ends_setup_with_code_10_and_goes_on_by_itself(
    world: World, machine: Machine
) -> None:
    world.is_approving = False
    done = await asyncio.to_thread(machine.setup)
    assert done.returncode == 10
    await world.connect()
    world.is_approving = True
    await heard(world, Heartbeat)
