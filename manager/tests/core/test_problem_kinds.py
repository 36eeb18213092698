"""Each kind of problem of a device: the fact that opens it, the fact that closes it; set-based at any number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cast import ACTOR, NOW, Tree
from django.db import connection
from django.test.utils import CaptureQueriesContext
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create, device_retire
from seatkeep_manager.enrollment.models import UnknownGroup
from seatkeep_manager.problems import findings
from seatkeep_manager.problems.enums import DEVICE_KINDS, UNRESOLVED, ProblemKind
from seatkeep_manager.problems.limits import group_limits_set
from seatkeep_manager.problems.models import DeviceCondition, Problem, ProblemEvent
from seatkeep_manager.problems.services import devices_evaluate, devices_evaluate_all, problems_prune
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_protocol.subjects import device_key

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
US = 1_000_000


def set_(**values: Any) -> Callable[[Device], None]:
    """A fact in the device's own row."""
    return lambda device: Device.objects.filter(pk=device.pk).update(**values) and None


def condition(**values: Any) -> Callable[[Device], None]:
    """A fact that the device reported."""
    return lambda device: DeviceCondition.objects.update_or_create(device=device, defaults=values) and None


def online(device: Device) -> None:
    Device.objects.filter(pk=device.pk).update(
        last_seen_at=NOW, online_until=NOW + MINUTE, heartbeat_at_us=int(NOW.timestamp() * US)
    )


def finding(device: Device) -> None:
    Detection.objects.create(
        uid=uuid4(), device=device, name="EICAR", severity="CRITICAL", engine="yara", occurred_at=NOW, received_at=NOW
    )


def resolved(device: Device) -> None:
    Detection.objects.filter(device=device).update(resolved_at=NOW, resolution="RESOLVED")


def ran(state: str, at: timedelta, kind: str = "SCAN") -> Callable[[Device], None]:
    def run(device: Device) -> None:
        task = ClientTask.objects.create(
            kind=kind, created_at=NOW - DAY, expires_at=NOW + DAY, created_by="t", company_hub_id=device.company_hub_id
        )
        TaskRun.objects.create(task=task, device=device, state=state, queued_at=NOW - DAY, finished_at=NOW + at)

    return run


def published(at: timedelta) -> Callable[[Device], None]:
    def publish(device: Device) -> None:
        online(device)
        StateDocument.objects.create(
            key=device_key(device.hex_id), version=9, content_digest=b"", stored=b"x", published_version=9,
            published_at=NOW + at,
        )  # fmt: skip

    return publish


def named(device: Device) -> None:
    UnknownGroup.objects.create(device=device, path="Office/Desk", placed=device.group)


def retired(device: Device) -> None:
    device_retire(actor=ACTOR, device_id=device.pk, now=NOW - HOUR)
    online(device)


@dataclass(frozen=True)
class Case:
    """A fact, the severity that it has, and the fact that ends it."""

    kind: ProblemKind
    opens: Callable[[Device], None]
    severity: str
    closes: Callable[[Device], None]


def silent(ago: timedelta, **more: Any) -> Callable[[Device], None]:
    return set_(last_seen_at=NOW - ago, **more)


K = ProblemKind
PROTECTED = set_(protection="PROTECTED", protection_reasons=[])
WELL = condition(
    signatures_at=NOW, settings_errors={}, engine_differences=[], restart_since=None, disk_free_percent=40
)  # fmt: skip
SKEWED = {
    "last_seen_at": NOW,
    "online_until": NOW + MINUTE,
    "heartbeat_at_us": int((NOW - 8 * MINUTE).timestamp()) * US,
}
CASES = [
    Case(K.OPEN_DETECTION, finding, "RED", resolved),
    Case(K.NOT_PROTECTED, set_(protection="NOT_PROTECTED", protection_reasons=["ENGINE_STOPPED"]), "RED", PROTECTED),
    Case(K.NOT_PROTECTED, set_(protection="UNKNOWN", enrolled_at=NOW - 30 * MINUTE), "RED", PROTECTED),
    Case(K.SCAN_ONLY, set_(protection="SCAN_ONLY"), "AMBER", PROTECTED),
    Case(K.SIGNATURES_OLD, condition(signatures_at=NOW - 2 * DAY), "AMBER", WELL),
    Case(K.SIGNATURES_OLD, condition(signatures_at=NOW - 3 * DAY), "RED", WELL),
    Case(K.NO_SEAT, set_(lease={"error": "no_seat_left"}), "RED", set_(lease={})),
    Case(K.SERVER_SILENT, silent(15 * MINUTE, kind="SERVER"), "AMBER", silent(14 * MINUTE)),
    Case(K.SERVER_SILENT, silent(60 * MINUTE, kind="SERVER"), "RED", silent(MINUTE)),
    Case(K.WORKSTATION_SILENT, silent(14 * DAY), "AMBER", silent(13 * DAY)),
    Case(K.WORKSTATION_SILENT, silent(30 * DAY), "RED", silent(13 * DAY)),
    Case(K.CAME_BACK, retired, "AMBER", set_(online_until=NOW - MINUTE)),
    Case(K.TASK_FAILED, ran("FAILED", -HOUR), "AMBER", ran("FINISHED", -MINUTE)),
    Case(K.POLICY_GAP, published(-10 * MINUTE), "AMBER", set_(online_until=NOW)),
    Case(K.POLICY_ERROR, condition(settings_errors={"scan.schedule": "no cron"}), "AMBER", WELL),
    Case(K.ENGINE_DIFFERS, condition(engine_differences=["defender.pua"]), "AMBER", WELL),
    Case(K.AGENT_OLD, set_(agent_version="1.9.4"), "GREY", set_(agent_version="1.10.0")),
    Case(K.AGENT_OLD, set_(agent_version="0.0.9"), "RED", set_(agent_version="not a version")),
    Case(K.RESTART_NEEDED, condition(restart_since=NOW - 3 * DAY), "AMBER", WELL),
    Case(K.RESTART_NEEDED, condition(restart_since=NOW - 14 * DAY), "RED", WELL),
    Case(K.CLOCK_WRONG, set_(**SKEWED), "AMBER", online),
    Case(K.DISK_LOW, condition(disk_mount="/", disk_free_percent=10), "AMBER", WELL),
    Case(K.DISK_LOW, condition(disk_mount="/", disk_free_percent=5), "RED", WELL),
    Case(K.GROUP_UNKNOWN, named, "AMBER", lambda device: set_(group=device.group.parent)(device)),
]


@pytest.fixture(autouse=True)
def newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "agent_version_newest", lambda: (1, 10, 0))


@pytest.fixture
def well(device: Device) -> Device:
    """A device with which nothing is wrong."""
    Device.objects.filter(pk=device.pk).update(protection="PROTECTED", last_seen_at=NOW, agent_version="1.10.0")
    WELL(device)
    return device


def problems(device: Device) -> dict[str, str]:
    """Kind → severity of a device's problems after a look at it."""
    devices_evaluate(device_ids=[device.pk], now=NOW)
    return dict(device.problems.filter(state__in=UNRESOLVED).values_list("kind", "severity"))


def test_a_well_device_has_none(well: Device) -> None:
    assert problems(well) == {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.severity}")
def test_a_kind_opens_by_its_fact_and_closes_without_it(well: Device, case: Case) -> None:
    case.opens(well)
    assert problems(well) == {case.kind: case.severity}
    assert problems(well) == {case.kind: case.severity}  # A second look changes nothing.
    case.closes(well)
    assert case.kind not in problems(well)
    verbs = ProblemEvent.objects.filter(problem__kind=case.kind).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["OPENED", "CLOSED"]


def test_every_kind_of_a_device_has_a_case() -> None:
    assert {case.kind for case in CASES} == set(DEVICE_KINDS)


NOT_YET: list[tuple[str, Callable[[Device], None]]] = [
    ("unknown for 29 minutes", set_(protection="UNKNOWN", enrolled_at=NOW - 29 * MINUTE)),
    ("signatures of yesterday", condition(signatures_at=NOW - 2 * DAY + MINUTE)),
    ("server silent for 14 minutes", silent(15 * MINUTE - timedelta(seconds=1), kind="SERVER")),
    ("workstation silent for 13 days", silent(14 * DAY - MINUTE)),
    ("mobile silent for a day", silent(DAY, kind="MOBILE")),
    ("failed a week ago", ran("FAILED", -7 * DAY)),
    ("published nine minutes ago", published(-9 * MINUTE)),
    ("restart since yesterday", condition(restart_since=NOW - 3 * DAY + MINUTE)),
    ("clock four minutes off", set_(**{**SKEWED, "heartbeat_at_us": int((NOW - 4 * MINUTE).timestamp()) * US})),
    ("an old heartbeat out of a full spool", set_(**{**SKEWED, "spool_waiting": 6})),
    ("a clock beyond all years", set_(**{**SKEWED, "online_until": None, "heartbeat_at_us": 2**62})),
    ("disk at 11 percent", condition(disk_free_percent=11)),
    ("a newer agent", set_(agent_version="1.11")),
    ("an agent with a long version", set_(agent_version="9" * 200)),
    ("old signatures are their own kind", set_(protection="NOT_PROTECTED", protection_reasons=["SIGNATURES_OLD"])),
]


@pytest.mark.parametrize("fact", [fact for _, fact in NOT_YET], ids=[name for name, _ in NOT_YET])
def test_a_fact_below_its_threshold_is_no_problem(well: Device, fact: Callable[[Device], None]) -> None:
    fact(well)
    assert problems(well) == {}


def test_what_one_finding_explains_no_second_one_repeats(well: Device) -> None:
    reasons = ["LICENSE_MISSING", "THREAT_OPEN"]
    set_(protection="NOT_PROTECTED", protection_reasons=reasons, lease={"error": "no_seat_left"})(well)
    finding(well)
    assert set(problems(well)) == {K.NO_SEAT, K.OPEN_DETECTION}


def test_a_failure_counts_for_its_own_kind_of_task(well: Device) -> None:
    ran("FAILED", -HOUR)(well)
    ran("FINISHED", -MINUTE, kind="INVENTORY")(well)
    assert set(problems(well)) == {K.TASK_FAILED}
    assert well.problems.get().details == {"kinds": ["SCAN"]}


def test_a_retired_device_has_no_other_problem(well: Device) -> None:
    condition(disk_free_percent=1)(well)
    assert set(problems(well)) == {K.DISK_LOW}
    device_retire(actor=ACTOR, device_id=well.pk, now=NOW)
    assert problems(well) == {}


def test_what_gets_worse_wakes_from_its_snooze(well: Device) -> None:
    silent(20 * MINUTE, kind="SERVER")(well)
    problems(well)
    Problem.objects.update(state="SNOOZED", snoozed_until=NOW + DAY)
    silent(2 * HOUR)(well)
    assert problems(well) == {K.SERVER_SILENT: "RED"}
    assert well.problems.get().state == "OPEN"
    assert ProblemEvent.objects.filter(verb="SEVERITY").count() == 1


def test_the_nearest_group_decides_when_a_server_is_silent(well: Device, tree: Tree) -> None:
    silent(20 * MINUTE, kind="SERVER")(well)
    group_limits_set(actor=ACTOR, group_id=tree.msp.pk, own={"server_silent_amber": 30}, now=NOW)
    assert problems(well) == {}
    group_limits_set(actor=ACTOR, group_id=tree.alpha.pk, own={"server_silent_amber": 20}, now=NOW)
    assert problems(well) == {K.SERVER_SILENT: "AMBER"}
    group_limits_set(actor=ACTOR, group_id=tree.alpha.pk, own={}, now=NOW)
    assert problems(well) == {}


def fleet(tree: Tree, count: int) -> list[Device]:
    """Servers that were last seen an hour ago, half of them with a finding."""
    made = [
        device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname=f"s{n}", kind=DeviceKind.SERVER, now=NOW - DAY)
        for n in range(count)
    ]
    Device.objects.filter(pk__in=[one.pk for one in made]).update(last_seen_at=NOW - HOUR, protection="PROTECTED")
    for one in made[::2]:
        finding(one)
    return made


@contextmanager
def statements() -> Iterator[list[int]]:
    counted: list[int] = []
    with CaptureQueriesContext(connection) as context:
        yield counted
    counted.append(len(context))


def test_a_look_at_all_costs_the_same_statements_at_two_sizes(tree: Tree) -> None:
    fleet(tree, 2)
    with statements() as few:
        assert devices_evaluate_all(now=NOW) == 2
    fleet(tree, 40)
    with statements() as many:
        assert devices_evaluate_all(now=NOW) == 40
    assert few == many
    assert Problem.objects.filter(state__in=UNRESOLVED).count() == 42 + 21


def test_a_look_at_all_locks_nobody_while_nothing_changes(tree: Tree) -> None:
    fleet(tree, 3)
    devices_evaluate_all(now=NOW)
    with statements() as quiet:
        assert devices_evaluate_all(now=NOW) == 0
    assert quiet[0] <= 4  # A savepoint, room to sort, the question, the end of the savepoint.


def test_a_problem_moves_with_its_device_to_another_customer(tree: Tree) -> None:
    device = fleet(tree, 1)[0]
    devices_evaluate_all(now=NOW)
    Device.objects.filter(pk=device.pk).update(group=tree.beta, company_hub_id=tree.beta.company_hub_id)
    assert devices_evaluate_all(now=NOW) == 1
    assert set(device.problems.values_list("company_hub_id", flat=True)) == {tree.beta.company_hub_id}


def test_problems_that_are_gone_for_a_year_are_forgotten(well: Device) -> None:
    finding(well)
    problems(well)
    resolved(well)
    problems(well)
    assert problems_prune(now=NOW + 364 * DAY) == 0
    assert problems_prune(now=NOW + 366 * DAY) == 1
    assert not ProblemEvent.objects.exists()
