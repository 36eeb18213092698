"""Tasks on groups: what may stand there, what documents carry, and which reports of runs are believed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from cast import ACTOR, NOW, Tree, person, wire
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.services import device_create
from seatkeep_manager.directory.topics import GROUP_CHANGED
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.ingest.decoding import Incoming
from seatkeep_manager.ingest.models import RefusedMessages
from seatkeep_manager.ingest.services import batch_take
from seatkeep_manager.publisher.gather import group_tasks, render
from seatkeep_manager.tasks import rules
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.errors import (
    GroupTasksFullError,
    TaskNothingFailedError,
    TaskParamsInvalidError,
    TaskTriggerInvalidError,
)
from seatkeep_manager.tasks.group_services import group_task_create, group_tasks_expire
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.selectors import task_failed_devices, tasks_visible
from seatkeep_manager.tasks.services import task_cancel, task_rerun
from seatkeep_protocol.messages import TaskRunEvent
from seatkeep_protocol.triggers import fire_us, run_id
from seatkeep_protocol.vocabulary import TaskRunState
from seatkeep_webkit.errors import NotAllowedError
from seatkeep_webkit.outbox.models import OutboxEvent

DAILY = {"type": "DAILY", "at": "03:00"}
FIRE = NOW + timedelta(hours=14)


def order(tree: Tree, **changes: Any) -> ClientTask:
    wanted = {"kind": "SCAN", "params": {}, "trigger": DAILY, "group_id": tree.alpha.pk, "now": NOW, **changes}
    return group_task_create(actor=ACTOR, **wanted)


def sees(group: StaticGroup, level: AccessLevel) -> User:
    return person(f"{level}-{group.pk}@example.com", **{f"c{group.company_hub_id}": level})


def dynamic_of(tree: Tree) -> DynamicGroup:
    template = GroupTemplate.objects.create(name="All", operation="AND", rules=[], created_at=NOW, changed_at=NOW)
    return DynamicGroup.objects.create(name="D", anchor=tree.alpha, template=template, position=1, created_at=NOW)


def tell(
    device: Device, task: ClientTask, state: TaskRunState = TaskRunState.RUNNING, *, seq: int = 1, **changes: Any
) -> None:
    at_us = fire_us(FIRE)
    run = run_id(task=task.uid, device=device.hex_id, fired_at_us=at_us)
    told = {"run": run, "task": task.uid, "state": state, "at_us": at_us, "fired_at_us": at_us, **changes}
    body = TaskRunEvent(**told)
    batch_take([Incoming(*wire(device, body, seq=seq), FIRE)], now=FIRE)


def refused() -> int:
    return sum(RefusedMessages.objects.filter(reason="run_foreign").values_list("count", flat=True))


def test_a_group_task_stands_in_the_documents_of_its_group_until_it_is_ended(tree: Tree, device: Device) -> None:
    task = order(tree, pause=timedelta(minutes=5), life=timedelta(hours=2))
    (wire_task,) = group_tasks(device.group)
    assert (wire_task.task, wire_task.group) == (task.uid, tree.alpha.uid.hex)
    assert wire_task.trigger == DAILY | {"delay_seconds": 0}
    assert (wire_task.life_seconds, wire_task.pause_seconds, wire_task.ends_at_us) == (7200, 300, None)

    told = OutboxEvent.objects.filter(topic=GROUP_CHANGED, payload={"group": tree.alpha.pk})
    before = told.count()
    assert before
    assert render(groups=[tree.alpha.pk], devices=[], now=NOW) == 2  # the keys document comes with it
    task_cancel(actor=ACTOR, task=task, now=NOW)
    assert group_tasks(device.group) == ()
    assert told.count() == before + 1
    assert render(groups=[tree.alpha.pk], devices=[], now=NOW) == 1


def test_it_reaches_groups_below_and_no_sibling(tree: Tree) -> None:
    order(tree)
    assert group_tasks(tree.beta) == ()
    order(tree, group_id=tree.msp.pk)
    assert len(group_tasks(tree.beta)) == 1
    assert len(group_tasks(tree.alpha)) == 2


def test_at_once_ends_with_its_life(tree: Tree) -> None:
    task = order(tree, trigger={"type": "ASAP"}, kind="RESTART")
    assert task.expires_at == NOW + timedelta(hours=12)
    assert group_tasks_expire(now=NOW + timedelta(hours=12) - timedelta(seconds=1)) == 0
    assert group_tasks_expire(now=NOW + timedelta(hours=12)) == 1
    assert group_tasks_expire(now=NOW + timedelta(hours=13)) == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kind": "NOTHING"}, TaskParamsInvalidError),
        ({"kind": "QUARANTINE_DELETE", "params": {"item": str(uuid.UUID(int=1))}}, TaskParamsInvalidError),
        ({"params": {"targets": "x"}}, TaskParamsInvalidError),
        ({"params": {"targets": ["/" + "x" * 4000] * 3}}, TaskParamsInvalidError),
        ({"trigger": {"type": "CRON", "expression": "* * * *"}}, TaskTriggerInvalidError),
        ({"trigger": {"type": "JOINED"}}, TaskTriggerInvalidError),
        ({"life": timedelta(seconds=59)}, TaskTriggerInvalidError),
        ({"life": timedelta(days=181)}, TaskTriggerInvalidError),
        ({"pause": timedelta(days=181)}, TaskTriggerInvalidError),
        ({"ends_at": NOW}, TaskTriggerInvalidError),
    ],
)
def test_what_no_group_can_be_asked_is_refused(tree: Tree, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        order(tree, **changes)
    assert not ClientTask.objects.exists()


def test_a_document_is_never_filled_up_from_above_or_below(tree: Tree) -> None:
    large = {"params": {"targets": ["/" + "x" * 4000]}}
    for _ in range(9):
        order(tree, **large)
    order(tree, group_id=tree.msp.pk)
    with pytest.raises(GroupTasksFullError):
        order(tree, group_id=tree.msp.pk, **large)
    order(tree, group_id=tree.beta.pk, **large)


def test_a_run_begins_with_its_first_report_and_goes_on_in_any_order(tree: Tree, device: Device) -> None:
    task = order(tree)
    tell(device, task, TaskRunState.FINISHED, seq=1)
    tell(device, task, TaskRunState.RUNNING, seq=2)
    tell(device, task, TaskRunState.FINISHED, seq=3)

    run = TaskRun.objects.get()
    assert (run.task, run.device, run.state, run.fired_at) == (task, device, RunState.FINISHED, FIRE)
    assert refused() == 0


def test_a_suppressed_run_is_kept_as_such(tree: Tree, device: Device) -> None:
    tell(device, order(tree), TaskRunState.SUPPRESSED)
    assert TaskRun.objects.get().state == RunState.SUPPRESSED


def test_each_fire_is_a_run_of_its_own(tree: Tree, device: Device) -> None:
    task = order(tree)
    tell(device, task, seq=1)
    later = fire_us(FIRE + timedelta(days=1))
    run = run_id(task=task.uid, device=device.hex_id, fired_at_us=later)
    tell(device, task, seq=2, run=run, fired_at_us=later)
    assert TaskRun.objects.count() == 2


def test_a_device_of_another_group_task_or_run_is_refused_and_counted(tree: Tree, device: Device) -> None:
    mine, foreign = order(tree), order(tree, group_id=tree.beta.pk)
    other = device_create(actor=ACTOR, group_id=tree.beta.pk, hostname="o", kind=DeviceKind.SERVER, now=NOW)
    tell(device, foreign, seq=1)
    tell(device, mine, seq=2, run=uuid.uuid4())
    tell(device, mine, seq=3, run=run_id(task=mine.uid, device=other.hex_id, fired_at_us=fire_us(FIRE)))
    tell(device, ClientTask(uid=uuid.uuid4()), seq=4)
    tell(device, mine, seq=5, fired_at_us=1)

    assert refused() == 5
    assert not TaskRun.objects.exists()


def test_a_device_cannot_flood_the_table(tree: Tree, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_RUNS_A_DAY", 2)
    task = order(tree)
    for number in range(4):
        at_us = fire_us(FIRE) + number
        run = run_id(task=task.uid, device=device.hex_id, fired_at_us=at_us)
        tell(device, task, seq=number + 1, run=run, fired_at_us=at_us)

    assert (TaskRun.objects.count(), refused()) == (2, 2)


def test_reports_of_runs_that_went_on_offline_are_taken_after_the_end(tree: Tree, device: Device) -> None:
    task = order(tree)
    task_cancel(actor=ACTOR, task=task, now=NOW)
    tell(device, task, TaskRunState.FINISHED)
    assert TaskRun.objects.get().state == RunState.FINISHED


def test_only_who_sees_the_group_or_a_run_sees_the_task(tree: Tree, device: Device) -> None:
    alice, bob = sees(tree.alpha, AccessLevel.READ), sees(tree.beta, AccessLevel.READ)
    task = order(tree, group_id=tree.msp.pk)
    assert not tasks_visible(alice).exists()
    tell(device, task)
    assert tasks_visible(alice).get() == task
    assert not tasks_visible(bob).exists()


def test_what_failed_is_tried_again_as_a_task_of_its_own(tree: Tree, device: Device) -> None:
    writer, reader = sees(tree.alpha, AccessLevel.WRITE), sees(tree.alpha, AccessLevel.READ)
    task = order(tree)
    tell(device, task, TaskRunState.FAILED, detail="no")
    with pytest.raises(NotAllowedError):
        task_failed_devices(reader, task)
    failed = task_failed_devices(writer, task)
    assert failed == [device.pk]

    again = task_rerun(actor=ACTOR, task=task, device_ids=failed, now=NOW)
    assert (again.kind, again.group, again.runs.get().device) == (task.kind, None, device)
    with pytest.raises(TaskNothingFailedError):
        task_rerun(actor=ACTOR, task=task, device_ids=[], now=NOW)


def test_a_task_on_a_dynamic_group_names_it(tree: Tree) -> None:
    found = dynamic_of(tree)
    order(tree, dynamic_id=found.pk, trigger={"type": "JOINED"})
    assert [task.group for task in group_tasks(tree.alpha)] == [found.uid.hex]
