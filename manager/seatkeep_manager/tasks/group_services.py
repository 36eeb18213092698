"""Tasks on groups: standing there, ended, and the runs that devices make of them by themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Count, QuerySet
from seatkeep_protocol.errors import TaskParamsError, TriggerInvalidError
from seatkeep_protocol.tasks import GROUP_KINDS, TaskKind, params_decode, params_encode
from seatkeep_protocol.triggers import AsapTrigger, JoinedTrigger, Trigger, run_id, trigger_decode, trigger_encode
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.enums import DeviceKind, DeviceState
from seatkeep_manager.directory.errors import GroupNotFoundError
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import group_touch
from seatkeep_manager.grouping.errors import DynamicGroupNotFoundError
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.tasks import rules
from seatkeep_manager.tasks.errors import GroupTasksFullError, TaskParamsInvalidError, TaskTriggerInvalidError
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.orders import audit_details, params_complete, servers_check
from seatkeep_manager.tasks.rules import RunReport
from seatkeep_manager.tasks.selectors import group_task_wire


@transaction.atomic
def group_task_create(
    *,
    actor: Actor,
    kind: str,
    params: Mapping[str, Any],
    trigger: Mapping[str, Any],
    group_id: int,
    dynamic_id: int | None = None,
    now: datetime,
    life: timedelta | None = None,
    pause: timedelta = timedelta(),
    ends_at: datetime | None = None,
    is_server_confirmed: bool = False,
) -> ClientTask:
    """Put a task on a group: whoever stands under it, now or later, does it each time that the trigger fires there.

    Args:
        actor: Who asks.
        kind: One of `seatkeep_protocol.tasks.GROUP_KINDS`.
        params: Parameters of that kind.
        trigger: As `seatkeep_protocol.triggers.trigger_decode` reads it.
        group_id: The static group; that of the dynamic one, if one is given.
        dynamic_id: A dynamic group below it, to reach only those that it takes.
        now: Current time, aware UTC.
        life: How late a device may begin after a fire, 1 minute to 180 days; the kind's own when left out.
        pause: A fire so soon after the last run is passed over.
        ends_at: From then on it does not fire. A trigger "at once" ends after `life` when it is left out.
        is_server_confirmed: Servers are meant too, where a kind asks for that; others refuse on the device.

    Raises:
        ServerNotConfirmedError: Servers stand in the group, and nobody confirmed that.
        TaskParamsInvalidError: No group can be asked that, or a parameter does not fit or is too large.
        TaskTriggerInvalidError: The trigger cannot be followed, or end, life or pause are out of bounds.
        GroupNotFoundError, DynamicGroupNotFoundError: There is no such group.
        GroupTasksFullError: A group document could not hold it beside the other tasks.
    """
    given = params_complete(kind, params, actor=actor, is_server_confirmed=is_server_confirmed)
    task_kind, clean = _params(kind, given)
    found = _trigger(trigger, is_dynamic=dynamic_id is not None)
    life = task_kind.default_life if life is None else life
    if ends_at is None and isinstance(found, AsapTrigger):
        ends_at = now + life
    _limits(life, pause, ends_at, now)
    group = StaticGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    servers = group_devices(group, dynamic_id).filter(kind=DeviceKind.SERVER).count()
    servers_check(task_kind, servers, is_confirmed=is_server_confirmed)
    if dynamic_id is not None and not DynamicGroup.objects.filter(pk=dynamic_id, anchor=group).exists():
        raise DynamicGroupNotFoundError
    task = ClientTask.objects.create(
        kind=task_kind, params=clean, company_hub_id=group.company_hub_id, created_at=now, expires_at=ends_at,
        created_by=actor.label, group=group, dynamic_group_id=dynamic_id, trigger=trigger_encode(found),
        life_seconds=life // timedelta(seconds=1), pause_seconds=pause // timedelta(seconds=1),
    )  # fmt: skip
    _size_check(task, group)
    target = str(task.dynamic_group.uid if task.dynamic_group else group.uid)
    task_record(
        actor,
        "task:create",
        task,
        now,
        kind=task.kind,
        group=target,
        trigger=str(trigger["type"]),
        **audit_details(task),
    )
    group_touch(group_ids=[group.pk], now=now)
    return task


def group_devices(group: StaticGroup, dynamic_id: int | None = None) -> QuerySet[Device]:
    """The managed devices that stand under a group now, or that a dynamic group below it takes now."""
    devices = Device.objects.filter(state=DeviceState.ACTIVE, group__path__contains=[group.pk])
    return devices.filter(memberships__group=dynamic_id) if dynamic_id is not None else devices


@transaction.atomic
def group_task_end(*, actor: Actor, task: ClientTask, now: datetime) -> None:
    """Take a task off its group; it fires no more where that is known. Idempotent."""
    if ClientTask.objects.filter(pk=task.pk, ended_at__isnull=True).update(ended_at=now) and task.group_id:
        task_record(actor, "task:end", task, now)
        group_touch(group_ids=[task.group_id], now=now)


@transaction.atomic
def group_tasks_expire(*, now: datetime) -> int:
    """Take tasks whose end has come off their groups; returns how many. Idempotent."""
    over = ClientTask.objects.select_for_update().filter(
        group__isnull=False, ended_at__isnull=True, expires_at__lte=now
    )
    groups = list(over.values_list("group_id", flat=True))
    over.update(ended_at=now)
    group_touch(group_ids=sorted(set(groups)), now=now)
    return len(groups)


@transaction.atomic
def group_runs_begin(*, reports: Sequence[RunReport], now: datetime) -> list[RunReport]:
    """Make the rows of runs that devices began by a trigger; a run that is known already is left as it is.

    Returns:
        What was refused: the task does not stand over the device, the run is not that of this task, fire and device,
        or the device tells of more runs a day than any trigger makes.
    """
    fired = [report for report in reports if report.fired_at_us is not None]
    if not fired:
        return []
    known = set(TaskRun.objects.filter(uid__in=[one.run_uid for one in fired]).values_list("uid", "device_id"))
    fresh = [one for one in fired if (one.run_uid, one.device_id) not in known]
    devices = Device.objects.select_related("group").in_bulk({one.device_id for one in fresh})
    tasks = {task.uid: task for task in ClientTask.objects.filter(uid__in=[one.task_uid for one in fresh])}
    counts = _runs_today(fresh, now)
    rows, refused = [], []
    for one in fresh:
        task, device = tasks.get(one.task_uid or one.run_uid), devices[one.device_id]
        if task is None or not _is_true(one, task, device) or counts[task.pk, device.pk] >= rules.MAX_RUNS_A_DAY:
            refused.append(one)
        else:
            counts[task.pk, device.pk] += 1
            at = rules.fired_at(one.fired_at_us or 0)
            rows.append(TaskRun(uid=one.run_uid, task=task, device=device, fired_at=at, queued_at=now))
    TaskRun.objects.bulk_create(rows, ignore_conflicts=True)
    return refused


def task_record(actor: Actor, action: str, task: ClientTask, now: datetime, **details: str | int | bool | None) -> None:
    """Write down who did what with a task."""
    audit_record(
        actor=actor,
        action=action,
        subject_type="task",
        subject_id=str(task.uid),
        company_uid=task.company_hub_id,
        details=details,
        now=now,
    )


def _is_true(report: RunReport, task: ClientTask, device: Device) -> bool:
    """Whether a device can have begun such a run: of its dynamic groups it alone knows, of its place we do."""
    if task.group_id not in device.group.path or report.fired_at_us is None:
        return False
    return report.run_uid == run_id(task=task.uid, device=device.hex_id, fired_at_us=report.fired_at_us)


def _runs_today(reports: Sequence[RunReport], now: datetime) -> Counter[tuple[int, int]]:
    runs = TaskRun.objects.filter(
        task__uid__in={one.task_uid for one in reports}, device_id__in={one.device_id for one in reports},
        queued_at__gt=now - timedelta(days=1),
    )  # fmt: skip
    rows = runs.order_by().values_list("task_id", "device_id").annotate(n=Count("id"))
    return Counter({(task, device): count for task, device, count in rows})


def _params(kind: str, params: Mapping[str, Any]) -> tuple[TaskKind, dict[str, Any]]:
    if kind not in GROUP_KINDS:
        raise TaskParamsInvalidError(fields={"kind": [f"No group can be asked to do {kind[:100]}."]})
    try:
        return TaskKind(kind), params_encode(params_decode(TaskKind(kind), params))
    except TaskParamsError as error:
        raise TaskParamsInvalidError(fields={"params": [str(error)]}) from error


def _trigger(trigger: Mapping[str, Any], *, is_dynamic: bool) -> Trigger:
    try:
        found = trigger_decode(trigger)
    except TriggerInvalidError as error:
        raise TaskTriggerInvalidError(fields={"trigger": [str(error)]}) from error
    if isinstance(found, JoinedTrigger) and not is_dynamic:
        raise TaskTriggerInvalidError(fields={"trigger": ["Only a dynamic group is joined; choose one."]})
    return found


def _limits(life: timedelta, pause: timedelta, ends_at: datetime | None, now: datetime) -> None:
    if not timedelta(minutes=1) <= life <= rules.MAX_LIFE:
        raise TaskTriggerInvalidError(fields={"life": ["1 minute to 180 days."]})
    if not timedelta() <= pause <= rules.MAX_LIFE:
        raise TaskTriggerInvalidError(fields={"pause": ["At most 180 days."]})
    if ends_at is not None and ends_at <= now:
        raise TaskTriggerInvalidError(fields={"ends_at": ["The end lies in the past."]})


def _size_check(task: ClientTask, group: StaticGroup) -> None:
    """Every document below carries the tasks of its whole path; groups without tasks of their own carry no more."""
    if _size(task) > rules.GROUP_TASK_LIMIT_BYTES:
        raise TaskParamsInvalidError(fields={"params": ["The parameters are too large for a task of a group."]})
    carrying = StaticGroup.objects.filter(client_tasks__ended_at__isnull=True, path__contains=[group.pk])
    members = [group, *carrying.distinct()]
    above = {pk for member in members for pk in member.path}
    sizes: dict[int, int] = {}
    for one in ClientTask.objects.filter(group_id__in=above, ended_at__isnull=True).select_related(
        "group", "dynamic_group"
    ):
        sizes[one.group_id or 0] = sizes.get(one.group_id or 0, 0) + _size(one)
    if any(sum(sizes.get(pk, 0) for pk in member.path) > rules.CHAIN_TASKS_LIMIT_BYTES for member in members):
        raise GroupTasksFullError


def _size(task: ClientTask) -> int:
    return len(msgspec.msgpack.encode(group_task_wire(task)))
