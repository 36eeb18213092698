"""Problems of customers and of the whole instance, thresholds, conditions: the pure rules and what they open."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cast import ACTOR, NOW, SPOOL, Tree, wire
from seatkeep_manager.deployment.payload import agent_newest
from seatkeep_manager.directory.identity import instance_ensure
from seatkeep_manager.directory.models import Device, Instance
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import deployment_key_create
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.services import batch_take
from seatkeep_manager.policies.models import Policy, PolicyRollout, PolicyVersion
from seatkeep_manager.problems import instance, rules
from seatkeep_manager.problems.acts import (
    act_undo,
    problems_acknowledge,
    problems_note,
    problems_reopen,
    problems_snooze,
)
from seatkeep_manager.problems.conditions import disk_fullest, free_percent
from seatkeep_manager.problems.enums import PLACE_KINDS, UNRESOLVED, ProblemKind, ProblemSeverity
from seatkeep_manager.problems.errors import (
    ProblemActNotFoundError,
    ProblemNotFoundError,
    ProblemResolvedError,
    SnoozeInvalidError,
    ThresholdInvalidError,
)
from seatkeep_manager.problems.fixes import FIXES, FIXES_OF
from seatkeep_manager.problems.limits import group_limits, group_limits_set
from seatkeep_manager.problems.models import DeviceCondition, GroupThresholds, Problem
from seatkeep_manager.problems.services import instance_evaluate
from seatkeep_manager.problems.thresholds import THRESHOLDS, defaults, limits_clean
from seatkeep_manager.problems.visits import visit_begin, visit_marker, visit_note
from seatkeep_protocol.messages import Disk, Hardware, Inventory, OsInfo
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily
from seatkeep_webkit.audit.models import AuditEntry

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RED, AMBER = ProblemSeverity.RED, ProblemSeverity.AMBER
GB = 2**30


# The rules


@pytest.mark.parametrize(("away", "is_broken"), [(None, False), (9, False), (10, True)])
def test_a_link_is_broken_after_ten_minutes(away: int | None, *, is_broken: bool) -> None:
    since = None if away is None else NOW - timedelta(minutes=away)
    assert rules.link_is_broken(disconnected_since=since, now=NOW) is is_broken


@pytest.mark.parametrize(
    ("made", "running", "severity"),
    [
        (47 * HOUR, 99 * DAY, None), (48 * HOUR, 99 * DAY, AMBER), (7 * DAY, 99 * DAY, RED),
        (None, 47 * HOUR, None), (None, 2 * DAY, AMBER), (None, 7 * DAY, RED),
    ],
)  # fmt: skip
def test_a_backup_grows_old(made: timedelta | None, running: timedelta, severity: ProblemSeverity | None) -> None:
    made_at = NOW - made if made else None
    assert rules.backup_severity(made_at=made_at, running_since=NOW - running, now=NOW) == severity


@pytest.mark.parametrize(
    ("free", "size", "severity"),
    [(9 * GB, 100 * GB, AMBER), (1 * GB, 100 * GB, RED), (11 * GB, 100 * GB, None), (90 * GB, 4000 * GB, None),
     (1 * GB, 8 * GB, None), (0, 8 * GB, RED)],
)  # fmt: skip
def test_a_disk_is_nearly_full_by_share_and_size(free: int, size: int, severity: ProblemSeverity | None) -> None:
    assert rules.disk_severity(free_bytes=free, size_bytes=size) == severity


@pytest.mark.parametrize(
    ("today", "before", "days", "is_busy"),
    [(30, 100, 10, True), (29, 100, 10, False), (9, 0, 10, False), (10, 0, 10, True), (500, 0, 2, False)],
)
def test_a_key_is_busy_at_three_times_its_usual_rate(today: int, before: int, days: int, *, is_busy: bool) -> None:
    usual = rules.key_usual_rate(uses_before=before, created_at=NOW - days * DAY, today=NOW.date())
    assert rules.key_is_busy(uses_today=today, usual=usual) is is_busy


def test_every_kind_that_has_a_fix_has_a_known_one() -> None:
    assert {code for codes in FIXES_OF.values() for code in codes} == set(FIXES)


def test_there_are_more_than_sixteen_kinds() -> None:
    assert len(ProblemKind) >= 20


# Of customers and the instance


def unresolved() -> dict[str, str]:
    return dict(Problem.objects.filter(state__in=UNRESOLVED).values_list("kind", "severity"))


@pytest.fixture
def data(tmp_path: Path, settings: Any, db: None) -> Path:
    """The launcher's folder, with a console that has run for long."""
    settings.DATA_DIR = str(tmp_path)
    instance_ensure(now=NOW)
    Instance.objects.update(created_at=NOW - 99 * DAY)
    (tmp_path / "backups").mkdir()
    return tmp_path


def test_an_old_backup_is_a_problem_until_there_is_a_new_one(data: Path) -> None:
    instance_evaluate(now=NOW)
    assert unresolved() == {"backup_old": "RED"}
    made = data / "backups/seatkeep-20261118T120000Z.backup"
    made.touch()
    os.utime(made, times=((NOW - 3 * DAY).timestamp(),) * 2)
    instance_evaluate(now=NOW)
    assert unresolved() == {"backup_old": "AMBER"}
    mark = data / "backups/made-at"
    mark.touch()
    os.utime(mark, times=(NOW.timestamp(),) * 2)
    instance_evaluate(now=NOW)
    assert unresolved() == {}
    assert not Problem.objects.exclude(company_hub_id=None).exists()


def test_the_consoles_own_disk(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "backups/made-at").touch()
    os.utime(data / "backups/made-at", times=(NOW.timestamp(),) * 2)
    usage = SimpleNamespace(total=100 * GB, used=99 * GB, free=1 * GB)
    monkeypatch.setattr(instance.shutil, "disk_usage", lambda path: usage)
    instance_evaluate(now=NOW)
    assert unresolved() == {"console_disk_low": "RED"}
    usage.free = 50 * GB
    instance_evaluate(now=NOW)
    assert unresolved() == {}


def test_a_deployment_key_that_lets_in_too_many_is_the_customers_problem(tree: Tree) -> None:
    key = deployment_key_create(actor=ACTOR, user=None, group=tree.alpha, now=NOW - 10 * DAY)
    EnrollmentToken.objects.filter(pk=key.pk).update(uses=50, day_uses=40, day=NOW.date())
    instance_evaluate(now=NOW)
    found = Problem.objects.get()
    assert (found.kind, found.company_hub_id) == ("key_busy", tree.alpha.company_hub_id)
    assert found.details["usual"] == 1.0
    instance_evaluate(now=NOW + DAY)  # Another day, another count.
    assert unresolved() == {}


def test_a_rollout_that_stopped_is_a_problem_until_there_is_a_better_version(tree: Tree) -> None:
    policy = Policy.objects.create(
        name="P", product="endpoint", company_hub_id=tree.alpha.company_hub_id, created_at=NOW, changed_at=NOW
    )
    tried = PolicyVersion.objects.create(policy=policy, version=2, settings={}, created_at=NOW, created_by="t")
    PolicyRollout.objects.create(
        policy=policy, version=tried, state="STOPPED", stages=[10, 100], reach=1, hold_seconds=1, failed_percent=10,
        reason="engine stopped", started_at=NOW, stage_at=NOW, finished_at=NOW, created_by="t",
    )  # fmt: skip
    instance_evaluate(now=NOW)
    assert unresolved() == {"rollout_stopped": "RED"}
    assert Problem.objects.get().company_hub_id == tree.alpha.company_hub_id
    PolicyVersion.objects.create(policy=policy, version=3, settings={}, created_at=NOW, created_by="t")
    instance_evaluate(now=NOW)
    assert unresolved() == {}


def test_a_look_at_the_instance_costs_few_statements_and_leaves_devices_alone(
    device: Device, django_assert_max_num_queries: Any
) -> None:
    row = Problem.objects.create(kind="scan_only", severity="AMBER", subject=f"device:{device.uid}", device=device,
                                 since=NOW)  # fmt: skip
    with django_assert_max_num_queries(9):
        instance_evaluate(now=NOW)
    row.refresh_from_db()
    assert row.state == "OPEN"
    assert ProblemKind.SCAN_ONLY not in PLACE_KINDS


# Conditions


def inventory(**changes: Any) -> Inventory:
    return Inventory(
        hostname="pc-1", kind=DeviceKind.SERVER, os=OsInfo(family=OsFamily.LINUX, name="Debian"),
        hardware=changes.pop("hardware", Hardware()), **changes,
    )  # fmt: skip


def send(device: Device, body: Any, seq: int, at: datetime = NOW) -> None:
    subject, raw = wire(device, body, seq=seq, at=at, spool=SPOOL)
    batch_take([Incoming(str(subject), raw, at)], now=at)


def test_a_restart_that_is_still_needed_keeps_the_time_since_when(device: Device) -> None:
    send(device, inventory(needs_restart=True), 1)
    send(device, inventory(needs_restart=True), 2, NOW + DAY)
    assert DeviceCondition.objects.get().restart_since == NOW
    send(device, inventory(needs_restart=True), 1, NOW + 2 * DAY)  # Out of order: no effect.
    send(device, inventory(), 3, NOW + 2 * DAY)
    assert DeviceCondition.objects.get().restart_since is None


def test_the_fullest_disk_of_an_inventory_counts(device: Device) -> None:
    disks = [
        Disk(mount="/", size_bytes=100 * GB, free_bytes=50 * GB),
        Disk(mount="/d", size_bytes=9 * GB, free_bytes=0),
    ]
    send(device, inventory(hardware=Hardware(disks=disks)), 1)
    found = DeviceCondition.objects.get()
    assert (found.disk_mount, found.disk_free_percent) == ("/d", 0)
    assert device.problems.get(kind="disk_low").severity == "RED"


@pytest.mark.parametrize(
    ("disks", "percent"),
    [
        ([], None),
        ([(10 * GB, 0)], None),  # Nobody told how much is free.
        ([(GB // 2, 1), (10 * GB, 3 * GB)], 30),  # A boot partition does not count.
        ([(10 * GB, 20 * GB)], 100),  # Nonsense is not more than all.
    ],
)
def test_what_is_no_disk_that_people_fill_does_not_count(disks: list[tuple[int, int]], percent: int | None) -> None:
    found = disk_fullest([Disk(mount="/", size_bytes=size, free_bytes=free) for size, free in disks])
    assert (free_percent(found) if found else None) == percent


@pytest.mark.parametrize(
    ("files", "newest"),
    [
        ({}, None), ({"agent-linux-x86_64.version": "1.2.3\n"}, (1, 2, 3)),
        ({"agent-linux-x86_64.version": "rubbish"}, None),
        ({"agent-linux-x86_64.version": "1.9", "seatkeep-agent-1.10.0-x64.msi": ""}, (1, 10, 0)),
    ],
)  # fmt: skip
def test_the_newest_agent_is_what_the_console_hands_out(
    tmp_path: Path, files: dict[str, str], newest: tuple[int, ...] | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert agent_newest(tmp_path) == newest


# Thresholds


def test_a_group_inherits_what_it_does_not_say(tree: Tree) -> None:
    group_limits_set(actor=ACTOR, group_id=tree.msp.pk, own={"gap": "20", "disk_red": "3"}, now=NOW)
    limits = {one.threshold.name: one for one in group_limits(tree.alpha)}
    assert (limits["gap"].own, limits["gap"].value, limits["gap"].origin) == (None, 20, tree.msp)
    assert (limits["clock_amber"].value, limits["clock_amber"].origin) == (THRESHOLDS["clock_amber"].default, None)


def test_saying_nothing_leaves_no_row_and_the_same_again_no_entry(tree: Tree) -> None:
    for own in ({"gap": 20}, {"gap": 20}, {"gap": None}, {}):
        group_limits_set(actor=ACTOR, group_id=tree.alpha.pk, own=own, now=NOW)
    assert not GroupThresholds.objects.exists()
    assert AuditEntry.objects.filter(action="group:thresholds").count() == 2


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"nonsense": 1}, "nonsense"), ({"gap": 0}, "gap"), ({"gap": 10**30}, "gap"), ({"gap": "ten"}, "gap"),
        ({"gap": 1.5}, "gap"), ({"gap": True}, "gap"), ({"gap": [1]}, "gap"), ({"gap": "²"}, "gap"),
        ({"server_silent_red": 10}, "server_silent_red"), ({"server_silent_amber": 90}, "server_silent_amber"),
        ({"disk_red": 20}, "disk_red"), ({"disk_amber": 2}, "disk_amber"),
    ],
)  # fmt: skip
def test_a_threshold_that_makes_no_sense_is_refused_at_its_field(own: dict[str, Any], field: str) -> None:
    with pytest.raises(ThresholdInvalidError) as refused:
        limits_clean(own, inherited=defaults())
    assert list(refused.value.fields) == [field]


# Acts


@pytest.fixture
def problem(device: Device) -> Problem:
    return Problem.objects.create(
        kind="scan_only", severity="AMBER", subject=f"device:{device.uid}", device=device, since=NOW,
        company_hub_id=device.company_hub_id,
    )  # fmt: skip


def who(problem: Problem, user: Any = None) -> dict[str, Any]:
    return {"actor": ACTOR, "user": user, "problem_ids": [problem.pk], "now": NOW}


def test_each_act_leaves_a_line_and_an_entry(problem: Problem) -> None:
    problems_acknowledge(**who(problem))
    problems_snooze(**who(problem), until=NOW + HOUR)
    problems_reopen(**who(problem))
    problems_note(**who(problem), note="x" * 3000 + "\0")
    problem.refresh_from_db()
    verbs = problem.events.order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["ACKNOWLEDGED", "SNOOZED", "REOPENED", "NOTED"]
    assert (problem.state, len(problem.note)) == ("OPEN", 2000)
    assert AuditEntry.objects.filter(subject_type="problem", subject_id=str(problem.uid)).count() == 4


@pytest.mark.parametrize("until", [NOW, NOW - DAY, NOW + 367 * DAY])
def test_a_snooze_ends_in_the_future_within_a_year(problem: Problem, until: datetime) -> None:
    with pytest.raises(SnoozeInvalidError):
        problems_snooze(**who(problem), until=until)


def test_what_is_gone_nobody_works_on(problem: Problem) -> None:
    Problem.objects.update(state="RESOLVED", resolved_at=NOW)
    with pytest.raises(ProblemResolvedError):
        problems_acknowledge(**who(problem))
    with pytest.raises(ProblemNotFoundError):
        problems_acknowledge(actor=ACTOR, user=None, problem_ids=[0], now=NOW)


def test_an_act_is_taken_back_unless_somebody_went_on(problem: Problem) -> None:
    from seatkeep_manager.directory.models import User

    ann = User.objects.create_user("ann@example.org")
    first = problems_note(**who(problem, ann), note="one")
    second = problems_note(**who(problem, ann), note="two")
    with pytest.raises(ProblemActNotFoundError):
        act_undo(actor=ACTOR, user=ann, act=first, now=NOW)
    assert act_undo(actor=ACTOR, user=ann, act=second, now=NOW) == 1
    problem.refresh_from_db()
    assert problem.note == "one"
    with pytest.raises(ProblemActNotFoundError):
        act_undo(actor=ACTOR, user=ann, act=second, now=NOW)  # Twice is once.


def test_many_problems_have_one_entry_per_customer(device: Device) -> None:
    rows = [
        Problem.objects.create(kind="scan_only", severity="AMBER", subject=f"s{n}", device=device, since=NOW)
        for n in range(51)
    ]
    problems_acknowledge(actor=ACTOR, user=None, problem_ids=[row.pk for row in rows], now=NOW)
    assert AuditEntry.objects.get(action="problem:acknowledge").details["problems"] == 51


def test_a_visit_begins_after_half_an_hour_away(db: None) -> None:
    from seatkeep_manager.directory.models import User

    ann = User.objects.create_user("ann@example.org")
    assert visit_marker(ann, now=NOW) is None
    visit_note(user=ann, now=NOW)
    visit_note(user=ann, now=NOW + timedelta(minutes=20))
    assert visit_marker(ann, now=NOW + timedelta(minutes=40)) == NOW
    assert visit_marker(ann, now=NOW + 2 * HOUR) == NOW + timedelta(minutes=20)
    visit_note(user=ann, now=NOW + 2 * HOUR)
    assert visit_marker(ann, now=NOW + 2 * HOUR) == NOW + timedelta(minutes=20)
    visit_begin(user=ann, now=NOW + 2 * HOUR)
    assert visit_marker(ann, now=NOW + 2 * HOUR) == NOW + 2 * HOUR
