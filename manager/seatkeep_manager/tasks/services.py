"""Writes of tasks: asking devices to do something, and taking in what they say about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from seatkeep_protocol.errors import TaskParamsError
from seatkeep_protocol.tasks import TaskKind, params_decode, params_encode
from seatkeep_protocol.vocabulary import TaskRunState
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.enums import DeviceKind, DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_touch
from seatkeep_manager.tasks import rules
from seatkeep_manager.tasks.enums import FINAL_STATES, RunState
from seatkeep_manager.tasks.errors import (
    DeviceTasksFullError,
    TaskNothingFailedError,
    TaskParamsInvalidError,
    TaskTargetsEmptyError,
    TaskTooManyTargetsError,
)
from seatkeep_manager.tasks.group_services import group_task_end, task_record
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.orders import audit_details, params_complete, servers_check
from seatkeep_manager.tasks.rules import RunReport


@transaction.atomic
def task_create(
    *,
    actor: Actor,
    kind: str,
    params: Mapping[str, Any],
    device_ids: Collection[int],
    now: datetime,
    life: timedelta | None = None,
    is_server_confirmed: bool = False,
) -> ClientTask:
    """Ask devices to do something once, as soon as they hear of it.

    Args:
        actor: Who asks.
        kind: A value of `seatkeep_protocol.tasks.TaskKind`.
        params: Parameters of that kind.
        device_ids: The devices; retired ones are left out. The caller has taken them from `devices_visible`.
        now: Current time, aware UTC.
        life: How long a device may be offline and still do it; the kind's own default when left out.
        is_server_confirmed: Servers are meant too, where a kind asks for that.

    Raises:
        ServerNotConfirmedError: Servers are among them, and nobody confirmed that.
        TaskParamsInvalidError: The kind is unknown or a parameter does not fit.
        TaskTargetsEmptyError: No managed device is left.
        TaskTooManyTargetsError: More than 10,000 devices.
        DeviceTasksFullError: One of them has 200 open tasks already.
    """
    given = params_complete(kind, params, actor=actor, is_server_confirmed=is_server_confirmed)
    task_kind, clean = params_check(kind, given)
    devices = _targets(device_ids)
    servers = sum(device.kind == DeviceKind.SERVER for device in devices)
    servers_check(task_kind, servers, is_confirmed=is_server_confirmed)
    companies = {device.company_hub_id for device in devices}
    task = ClientTask.objects.create(
        kind=task_kind,
        params=clean,
        company_hub_id=companies.pop() if len(companies) == 1 else None,
        created_at=now,
        expires_at=now + (life or task_kind.default_life),
        created_by=actor.label,
    )
    TaskRun.objects.bulk_create([TaskRun(task=task, device=device, queued_at=now) for device in devices])
    task_record(actor, "task:create", task, now, kind=task.kind, devices=len(devices), **audit_details(task))
    device_touch(device_ids=[device.pk for device in devices], now=now)
    return task


@transaction.atomic
def task_cancel(*, actor: Actor, task: ClientTask, now: datetime) -> int:
    """Take a task back where it has not ended; returns how many runs were canceled. Idempotent.

    A group task is taken off its group; what its devices have begun they end and report.
    """
    if task.group_id is not None and task.ended_at is None:
        group_task_end(actor=actor, task=task, now=now)
    runs = TaskRun.objects.select_for_update().filter(task=task).exclude(state__in=FINAL_STATES)
    devices = list(runs.values_list("device_id", flat=True))
    runs.update(state=RunState.CANCELED, finished_at=now)
    if devices:
        task_record(actor, "task:cancel", task, now, runs=len(devices))
        device_touch(device_ids=devices, now=now)
    return len(devices)


@transaction.atomic
def task_rerun(*, actor: Actor, task: ClientTask, device_ids: Collection[int], now: datetime) -> ClientTask:
    """Ask the devices whose newest run of a task failed or expired to do it once more, at once, as a task of its own.

    Args:
        actor: Who asks.
        task: What failed.
        device_ids: Whom to ask; the caller has taken them from `task_failed_devices`.
        now: Current time, aware UTC.

    Raises:
        TaskNothingFailedError: Nobody is left.
        DeviceTasksFullError, TaskTooManyTargetsError: As in `task_create`.
    """
    if not device_ids:
        raise TaskNothingFailedError
    return task_create(
        actor=actor, kind=task.kind, params=task.params, device_ids=device_ids, now=now,
        is_server_confirmed=bool(task.params.get("is_for_servers")) or task.kind == TaskKind.SHUTDOWN,
    )  # fmt: skip


@transaction.atomic
def task_runs_report(*, reports: Sequence[RunReport], now: datetime) -> set[int]:
    """Take in what devices say about their runs; duplicates and any order are fine.

    A report about a run of another device, or of none, has no effect.

    Returns:
        Ids of the devices of which a run changed.
    """
    uids = sorted({report.run_uid for report in reports})
    locked = TaskRun.objects.select_for_update().filter(uid__in=uids).order_by("pk")
    runs = {(run.uid, run.device_id): run for run in locked}
    changed: dict[int, TaskRun] = {}
    for report in reports:
        run = runs.get((report.run_uid, report.device_id))
        if run is None or not rules.report_counts(
            state=RunState(run.state), reported_at=run.reported_at, report=report
        ):
            continue
        _report_apply(run, report, now)
        changed[run.pk] = run
    TaskRun.objects.bulk_update(changed.values(), _REPORTED)
    ended = [run for run in changed.values() if run.state in FINAL_STATES and run.fired_at is None]
    device_touch(device_ids={run.device_id for run in ended}, now=now)
    return {run.device_id for run in changed.values()}


def runs_of_others(reports: Sequence[RunReport]) -> list[RunReport]:
    """The reports about runs that other devices were asked for; runs that nobody knows are not among them."""
    held = dict(TaskRun.objects.filter(uid__in={one.run_uid for one in reports}).values_list("uid", "device_id"))
    return [one for one in reports if held.get(one.run_uid, one.device_id) != one.device_id]


@transaction.atomic
def task_runs_expire(*, now: datetime) -> set[int]:
    """End the runs whose task's life is over and whose device has not begun; returns the devices' ids. Idempotent."""
    runs = TaskRun.objects.select_for_update(of=("self",)).filter(state=RunState.QUEUED, task__expires_at__lte=now)
    devices = set(runs.values_list("device_id", flat=True))
    TaskRun.objects.filter(pk__in=[run.pk for run in runs]).update(state=RunState.EXPIRED, finished_at=now)
    device_touch(device_ids=devices, now=now)
    return devices


def task_runs_prune(*, now: datetime, keep: timedelta = rules.RUNS_KEPT) -> int:
    """Delete runs that ended long ago, and tasks of chosen devices of which none is left; returns how many runs."""
    old = now - keep
    gone = TaskRun.objects.filter(
        pk__in=TaskRun.objects.filter(state__in=FINAL_STATES, finished_at__lt=old).order_by("pk")[
            : rules.PRUNED_AT_ONCE
        ]
    ).delete()[1]
    empty = ClientTask.objects.filter(group__isnull=True, expires_at__lt=old, runs__isnull=True)
    ClientTask.objects.filter(pk__in=empty.order_by("pk")[: rules.PRUNED_AT_ONCE]).delete()
    return gone.get("tasks.TaskRun", 0)


_REPORTED = [
    "state", "progress", "output", "result", "error_code", "received_at", "started_at", "finished_at", "reported_at",
]  # fmt: skip


def params_check(kind: str, params: Mapping[str, Any]) -> tuple[TaskKind, dict[str, Any]]:
    """Read a kind and its parameters.

    Raises:
        TaskParamsInvalidError: The kind is unknown or a parameter does not fit.
    """
    try:
        task_kind = TaskKind(kind)
        return task_kind, params_encode(params_decode(task_kind, params))
    except (ValueError, TaskParamsError) as error:
        raise TaskParamsInvalidError(fields={"params": [str(error)]}) from error


def _targets(device_ids: Collection[int]) -> list[Device]:
    if len(device_ids) > rules.MAX_TARGETS:
        raise TaskTooManyTargetsError
    # The row locks make the count of open tasks below true until the end of the transaction.
    devices = list(
        Device.objects.select_for_update().filter(pk__in=device_ids, state=DeviceState.ACTIVE).order_by("pk")
    )
    if not devices:
        raise TaskTargetsEmptyError
    open_runs = Count("task_runs", filter=~Q(task_runs__state__in=FINAL_STATES))
    counted = Device.objects.filter(pk__in=[device.pk for device in devices]).annotate(open_runs=open_runs)
    if counted.filter(open_runs__gte=rules.MAX_OPEN_PER_DEVICE).exists():
        raise DeviceTasksFullError
    return devices


def _report_apply(run: TaskRun, report: RunReport, now: datetime) -> None:
    state = rules.STATE_OF_WIRE[report.state]
    run.state, run.reported_at = state, report.at
    run.progress = 100 if state == RunState.FINISHED else run.progress if report.progress is None else report.progress
    run.output = report.detail[: rules.OUTPUT_LIMIT_CHARACTERS] or run.output
    run.result = report.result or run.result
    if report.state == TaskRunState.RECEIVED:
        run.received_at = run.received_at or now
    if state == RunState.RUNNING:
        run.started_at = run.started_at or report.at
    if state in FINAL_STATES:
        run.finished_at = report.at
        run.error_code = str(report.result.get("code", ""))[:100] if state == RunState.FAILED else ""
