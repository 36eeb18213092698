"""What devices send becomes rows, exactly once, and garbage never blocks."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from cast import ACTOR, NOW, Tree, wire
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seatkeep_manager.detections.enums import Resolution
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.models import RefusedMessages, UnknownDeviceMessage
from seatkeep_manager.ingest.services import batch_take, unknown_take_in
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemKind
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import TaskRun
from seatkeep_manager.tasks.rules import RunReport, report_counts
from seatkeep_manager.tasks.services import task_create
from seatkeep_protocol.ids import part_of
from seatkeep_protocol.messages import (
    Body,
    DetectionEvent,
    EndpointLicense,
    EndpointStatus,
    EngineReport,
    Hardware,
    Heartbeat,
    Inventory,
    OsInfo,
    QuarantineEvent,
    SettingDifference,
    TaskRunEvent,
)
from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.vocabulary import (
    DetectionAction,
    DeviceKind,
    EngineMode,
    LicenseState,
    OsFamily,
    ProtectionStatus,
    QuarantineState,
    Severity,
    TaskRunState,
)
from seatkeep_webkit.audit.enums import Result
from seatkeep_webkit.audit.enums import Severity as AuditSeverity
from seatkeep_webkit.audit.models import AuditEntry

SHA = "a" * 64
ITEM, DETECTION = uuid.UUID(int=71), uuid.UUID(int=72)


def us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def send(device: Device, *bodies: Body, seq: int = 1, at: datetime = NOW, **extra: Any) -> None:
    batch = [wire(device, body, seq=seq + place, at=at, **extra) for place, body in enumerate(bodies)]
    batch_take([Incoming(subject, raw, at) for subject, raw in batch], now=at)
    device.refresh_from_db()


def heartbeat(**changes: Any) -> Heartbeat:
    return Heartbeat(**{"agent_version": "1.0", "started_at_us": 0, "interval_seconds": 60, **changes})


def detection(action: DetectionAction = DetectionAction.QUARANTINED) -> DetectionEvent:
    return DetectionEvent(
        detection=DETECTION, at_us=us(NOW), product="endpoint-workstation", engine="yara", threat="EICAR",
        severity=Severity.CRITICAL, path="/tmp/eicar", sha256=SHA, size_bytes=68, action=action,
        item=ITEM if action is DetectionAction.QUARANTINED else None,
    )  # fmt: skip


def quarantine(state: QuarantineState, at: datetime = NOW) -> QuarantineEvent:
    return QuarantineEvent(
        item=ITEM, state=state, at_us=us(at), path="/tmp/eicar", sha256=SHA, size_bytes=68, threat="EICAR",
        detection=DETECTION,
    )  # fmt: skip


def status(**changes: Any) -> EndpointStatus:
    lease = changes.pop("license", EndpointLicense(state=LicenseState.ACTIVE, public_id="ABC-DEF-GHJ"))
    capabilities = changes.pop("capabilities", Capabilities(is_running=True, is_test_rules=True))
    return EndpointStatus(
        product="endpoint-workstation", version="1", key_jkt="jkt", engine="yara", capabilities=capabilities,
        license=lease, protection=ProtectionStatus.PROTECTED, **changes,
    )  # fmt: skip


def open_problems(device: Device) -> set[str]:
    return set(Problem.objects.filter(device=device, state__in=UNRESOLVED).values_list("kind", flat=True))


def test_a_heartbeat_renews_presence(device: Device, now: datetime) -> None:
    send(device, heartbeat(applied={"dev.x": 5}))
    assert device.online_until == now + timedelta(seconds=150)
    assert (device.last_seen_at, device.applied_versions) == (now, {"dev.x": 5})


def test_an_older_heartbeat_of_the_spool_changes_nothing(device: Device) -> None:
    send(device, heartbeat(agent_version="2"), seq=9)
    send(device, heartbeat(agent_version="1"), seq=8)
    assert device.agent_version == "2"


def test_a_new_spool_begins_anew(device: Device, now: datetime) -> None:
    send(device, heartbeat(agent_version="1"), seq=900)
    send(device, heartbeat(agent_version="2"), seq=1, spool=uuid.UUID(int=2), at=now + timedelta(seconds=60))
    assert device.agent_version == "2"


def test_the_newest_of_a_batch_wins_in_any_order(device: Device, now: datetime) -> None:
    batch = [wire(device, heartbeat(agent_version=str(seq)), seq=seq) for seq in (3, 7, 5)]
    batch_take([Incoming(subject, raw, now) for subject, raw in batch], now=now)
    device.refresh_from_db()
    assert device.agent_version == "7"


def test_an_inventory_fills_the_device(device: Device) -> None:
    os = OsInfo(family=OsFamily.LINUX, name="Debian", version="13")
    send(device, Inventory(hostname="srv", kind=DeviceKind.SERVER, os=os, hardware=Hardware(serial="S1", cpu_cores=4)))
    assert (device.hostname, device.kind, device.serial, device.cpu_count) == ("srv", "SERVER", "S1", 4)
    assert device.inventory.os["version"] == "13"


def windows_inventory(**changes: Any) -> Inventory:
    os = OsInfo(
        family=OsFamily.WINDOWS, name="Windows 11 Pro", version="23H2", arch="x86_64", edition="Professional",
        build="22631.4317",
    )  # fmt: skip
    hardware = Hardware(serial="PF3XK1", manufacturer="LENOVO", model="ThinkPad T14")
    given = {"domain": "ALPHA", "last_user": "ALPHA\\anna", "hardware": hardware, "os": os, **changes}
    return Inventory(**{"hostname": "pc-1", "kind": DeviceKind.WORKSTATION, **given})


def test_a_windows_inventory_fills_the_columns_of_the_lists(device: Device) -> None:
    send(device, windows_inventory())
    assert (device.os_family, device.os_name, device.os_version) == ("WINDOWS", "Windows 11 Pro", "23H2")
    assert (device.os_edition, device.os_build) == ("Professional", "22631.4317")
    assert (device.domain, device.last_user) == ("ALPHA", "ALPHA\\anna")
    assert (device.serial, device.manufacturer, device.model) == ("PF3XK1", "LENOVO", "ThinkPad T14")
    assert (device.inventory.os["edition"], device.inventory.taken_at) == ("Professional", NOW)


def test_the_last_user_stays_when_nobody_is_signed_in(device: Device) -> None:
    send(device, windows_inventory())
    send(device, heartbeat(user="ALPHA\\ben"), seq=2)
    send(device, windows_inventory(last_user=""), heartbeat(user=""), seq=3)
    assert (device.signed_in_user, device.last_user) == ("", "ALPHA\\ben")


def test_an_inventory_without_a_fingerprint_leaves_the_known_one(device: Device) -> None:
    send(device, windows_inventory(fp={"machine_id": "m"}))
    send(device, windows_inventory(hostname="pc-2"), seq=2)
    assert (device.hostname, device.fingerprint) == ("pc-2", {"machine_id": "m"})


def test_an_older_inventory_changes_neither_row_nor_snapshot(device: Device) -> None:
    send(device, windows_inventory(), seq=5)
    send(device, windows_inventory(hostname="old", domain="OLD"), seq=4)
    send(device, windows_inventory(hostname="old"), seq=9, spool=uuid.UUID(int=9), at=NOW - timedelta(days=1))
    assert (device.hostname, device.domain, device.inventory.seq) == ("pc-1", "ALPHA", 5)


def test_a_batch_of_inventories_is_one_statement(tree: Tree, now: datetime) -> None:
    found = [
        device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname=name, kind="WORKSTATION", now=now)
        for name in ("a", "b", "c")
    ]
    batch = [Incoming(*wire(one, windows_inventory(hostname=f"{one.hostname}-new")), now) for one in found]
    with CaptureQueriesContext(connection) as captured:
        batch_take(batch, now=now)
    assert sum("directory_inventorysnapshot" in query["sql"] for query in captured) == 1
    assert set(Device.objects.values_list("hostname", flat=True)) == {"a-new", "b-new", "c-new"}


def test_protection_is_judged_here_and_not_believed(device: Device) -> None:
    send(device, status(capabilities=Capabilities(is_running=False)))
    assert (device.protection, device.protection_reasons) == ("NOT_PROTECTED", ["ENGINE_STOPPED"])
    assert open_problems(device) == {ProblemKind.NOT_PROTECTED}


def test_a_difference_of_defender_is_a_problem_until_it_is_gone(device: Device) -> None:
    difference = {"defender.pua": SettingDifference(wanted="ENABLED", found="DISABLED")}
    running = Capabilities(is_running=True)
    report = EngineReport(engine="defender", mode=EngineMode.ACTIVE, capabilities=running, differences=difference)
    send(device, status(engines=[report]))
    assert ProblemKind.ENGINE_DIFFERS in open_problems(device)
    assert device.problems.get(kind=ProblemKind.ENGINE_DIFFERS).details == {"settings": ["defender.pua"]}

    send(device, status(), seq=2)

    assert ProblemKind.ENGINE_DIFFERS not in open_problems(device)


@pytest.mark.parametrize(("action", "is_open"), [(DetectionAction.REMOVED, False), (DetectionAction.ALLOWED, True)])
def test_what_defender_ended_is_closed_and_what_a_person_allowed_is_not(
    device: Device, action: DetectionAction, *, is_open: bool
) -> None:
    found = msgspec.structs.replace(detection(action), engine="defender", sha256="")
    send(device, found)
    kept = Detection.objects.get()
    assert (kept.resolved_at is None, kept.resolved_by) == (is_open, "" if is_open else "defender")
    assert (ProblemKind.OPEN_DETECTION in open_problems(device)) == is_open


def test_a_refused_seat_is_one_problem_and_goes_with_the_seat(device: Device) -> None:
    refused = EndpointLicense(state=LicenseState.REFUSED, error="no_seat_left")
    send(device, status(license=refused))
    assert device.lease["error"] == "no_seat_left"
    assert open_problems(device) == {ProblemKind.NO_SEAT}
    send(device, status(), seq=2)
    assert open_problems(device) == set()


def test_a_quarantined_finding_is_a_problem_until_a_person_deletes_the_file(device: Device, now: datetime) -> None:
    send(device, detection(), quarantine(QuarantineState.HELD))
    assert open_problems(device) == {ProblemKind.OPEN_DETECTION}
    send(device, quarantine(QuarantineState.DELETED, now + timedelta(minutes=1)), seq=5)
    assert Detection.objects.get().resolution == Resolution.DELETED
    assert open_problems(device) == set()


def test_quarantine_heard_before_its_detection_is_tied_to_it(device: Device, now: datetime) -> None:
    send(device, quarantine(QuarantineState.DELETED, now + timedelta(minutes=1)))
    send(device, detection(), seq=2)
    assert QuarantineItem.objects.get().detection == Detection.objects.get()
    assert open_problems(device) == set()


def test_an_older_quarantine_state_does_not_bring_a_file_back(device: Device, now: datetime) -> None:
    send(device, quarantine(QuarantineState.DELETED, now + timedelta(minutes=1)))
    send(device, quarantine(QuarantineState.HELD, now), seq=2)
    assert QuarantineItem.objects.get().state == "DELETED"


def test_an_event_delivered_twice_has_one_effect(device: Device, now: datetime) -> None:
    subject, raw = wire(device, detection(DetectionAction.NONE))
    for _ in range(2):
        batch_take([Incoming(subject, raw, now)] * 2, now=now)
    assert Detection.objects.count() == 1


def run_of(device: Device, now: datetime) -> TaskRun:
    task = task_create(actor=ACTOR, kind="SCAN", params={"targets": ["/tmp"]}, device_ids=[device.pk], now=now)
    return task.runs.get()


def event(run: TaskRun, state: TaskRunState, at: datetime, **extra: Any) -> TaskRunEvent:
    return TaskRunEvent(run=run.uid, task=run.task.uid, state=state, at_us=us(at), **extra)


def test_a_run_that_finished_is_not_running_again(device: Device, now: datetime) -> None:
    run = run_of(device, now)
    send(device, event(run, TaskRunState.FINISHED, now + timedelta(seconds=9), detail="clean"))
    send(device, event(run, TaskRunState.RUNNING, now + timedelta(seconds=1), progress_percent=50), seq=2)
    run.refresh_from_db()
    assert (run.state, run.progress, run.output) == (RunState.FINISHED, 100, "clean")


def test_a_device_cannot_report_the_run_of_another(device: Device, tree: Any, now: datetime) -> None:
    from seatkeep_manager.directory.enums import DeviceKind as Kind
    from seatkeep_manager.directory.services import device_create

    run = run_of(device, now)
    other = device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="evil", kind=Kind.SERVER, now=now)
    send(other, event(run, TaskRunState.FINISHED, now))
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert pretenders() == [(str(other.uid), other.company_hub_id, "run_foreign")]


def pretenders() -> list[tuple[str, uuid.UUID | None, str]]:
    """Which devices stand in the journal for speaking of others: device, company that may read it, why."""
    found = AuditEntry.objects.filter(action="device:pretend", result=Result.REFUSED, severity=AuditSeverity.WARNING)
    return [(one.subject_id, one.company_uid, one.details["reason"]) for one in found.order_by("id")]


def test_a_failed_task_is_a_problem_until_the_next_succeeds(device: Device, now: datetime) -> None:
    send(device, event(run_of(device, now), TaskRunState.FAILED, now))
    assert ProblemKind.TASK_FAILED in open_problems(device)
    later = now + timedelta(minutes=5)
    send(device, event(run_of(device, later), TaskRunState.FINISHED, later), seq=2, at=later)
    assert ProblemKind.TASK_FAILED not in open_problems(device)


def test_an_envelope_that_names_another_device_is_refused(device: Device, tree: Any, now: datetime) -> None:
    from seatkeep_manager.directory.enums import DeviceKind as Kind
    from seatkeep_manager.directory.services import device_create

    other = device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="evil", kind=Kind.SERVER, now=now)
    _, raw = wire(device, heartbeat(agent_version="evil"))
    subject, _ = wire(other, heartbeat())
    batch_take([Incoming(subject, raw, now)], now=now)
    device.refresh_from_db()
    other.refresh_from_db()
    assert (device.agent_version, other.agent_version) == ("", "")
    assert RefusedMessages.objects.get().reason == "message_foreign"
    assert pretenders() == [(str(other.uid), other.company_hub_id, "message_foreign")]


def test_who_pretends_all_day_stands_in_the_journal_once_a_day(device: Device, tree: Any, now: datetime) -> None:
    _, raw = wire(device, heartbeat())
    device.delete()
    other = device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="evil", kind=DeviceKind.SERVER, now=now)
    subject, _ = wire(other, heartbeat())
    for at in (now, now + timedelta(seconds=1), now + timedelta(days=1)):
        batch_take([Incoming(subject, raw, at)] * 3, now=at)
    assert [reason for _, _, reason in pretenders()] == ["message_foreign"] * 2
    assert sum(RefusedMessages.objects.values_list("count", flat=True)) == 9


def test_a_report_of_a_run_that_is_long_pruned_is_no_pretence(device: Device, now: datetime) -> None:
    unknown = TaskRunEvent(run=uuid.UUID(int=9), task=uuid.UUID(int=8), state=TaskRunState.FINISHED, at_us=us(now))
    send(device, unknown)
    assert (pretenders(), RefusedMessages.objects.count()) == ([], 0)


def good_and(device: Device, bad: Incoming, now: datetime) -> None:
    subject, raw = wire(device, heartbeat(agent_version="good"))
    batch_take([bad, Incoming(subject, raw, now), bad], now=now)
    device.refresh_from_db()
    assert device.agent_version == "good"
    assert RefusedMessages.objects.get().count == 2


@pytest.mark.parametrize("raw", [b"", b"garbage", b"\x80", b"\xc1" * 100, b"x" * 10_000_000])
def test_garbage_and_ten_megabytes_do_not_hold_up_others(device: Device, now: datetime, raw: bytes) -> None:
    subject = f"sk.v1.tel.{part_of(device.hex_id)}.{device.hex_id}.heartbeat"
    good_and(device, Incoming(subject, raw, now), now)


def test_a_zero_byte_that_no_database_takes_does_not_hold_up_others(device: Device, now: datetime) -> None:
    subject, raw = wire(device, detection(DetectionAction.NONE), message_id=uuid.UUID(int=5))
    evil = raw.replace(b"EICAR", b"EI\x00AR")
    good_and(device, Incoming(subject, evil, now), now)


def test_messages_of_an_unknown_device_are_kept_until_it_is_back(device: Device, now: datetime) -> None:
    uid = device.uid
    subject, raw = wire(device, detection(DetectionAction.NONE))
    Device.objects.filter(pk=device.pk).update(uid=uuid.uuid4())
    batch_take([Incoming(subject, raw, now)], now=now)
    assert UnknownDeviceMessage.objects.count() == 1
    Device.objects.filter(pk=device.pk).update(uid=uid)
    assert unknown_take_in(now=now) == 1
    assert (Detection.objects.count(), UnknownDeviceMessage.objects.count()) == (1, 0)


_STATES = st.sampled_from(list(TaskRunState))


@given(st.permutations([0, 1, 2, 3]), st.lists(_STATES, min_size=4, max_size=4))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_reports_in_any_order_end_in_one_final_state(order: list[int], states: list[TaskRunState]) -> None:
    from seatkeep_manager.tasks.rules import STATE_OF_WIRE, rank

    state, at = RunState.QUEUED, None
    seen: list[RunState] = []
    for place in order:
        report = RunReport(uuid.UUID(int=1), 1, states[place], NOW + timedelta(seconds=place))
        if report_counts(state=state, reported_at=at, report=report):
            state, at = STATE_OF_WIRE[report.state], report.at
        seen.append(state)
    assert rank(state) == max(rank(STATE_OF_WIRE[each]) for each in states)
    assert [rank(each) for each in seen] == sorted(rank(each) for each in seen)
