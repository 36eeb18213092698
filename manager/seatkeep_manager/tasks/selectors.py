"""Reads of tasks; each starts from the devices that a person may see."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from seatkeep_protocol.triggers import GroupTask, fire_us
from seatkeep_webkit.errors import NotAllowedError

from seatkeep_manager.directory.access import groups_within, may, may_everywhere, within
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.selectors import devices_active_visible
from seatkeep_manager.tasks.enums import FINAL_STATES, RERUN_STATES
from seatkeep_manager.tasks.errors import TaskNotFoundError
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.orders import functionality_of


def task_runs_visible(user: User | AnonymousUser) -> QuerySet[TaskRun]:
    """The runs on devices that a person may see, newest first, with task and device."""
    runs = TaskRun.objects.select_related("task", "device", "device__group").order_by("-id")
    return within(runs, user, field="device__group", functionality=Functionality.CLIENT_TASKS, level=AccessLevel.READ)


def run_get(user: User | AnonymousUser, *, uid: uuid.UUID) -> TaskRun:
    """One run, with its file but without that file's content.

    Raises:
        TaskNotFoundError: It does not exist, or its device is not the person's to see.
    """
    found = task_runs_visible(user).select_related("file").defer("file__content").filter(uid=uid).first()
    if found is None:
        raise TaskNotFoundError
    return found


def tasks_visible(user: User | AnonymousUser) -> QuerySet[ClientTask]:
    """The tasks on a group, or with a run on a device, that a person may see, newest first; with their groups."""
    tasks = ClientTask.objects.select_related("group", "dynamic_group").order_by("-id")
    if may_everywhere(user, Functionality.CLIENT_TASKS, AccessLevel.READ):
        return tasks
    has_run = Exists(task_runs_visible(user).order_by().filter(task=OuterRef("pk")))
    return tasks.filter(has_run | Q(group__in=groups_within(user, Functionality.CLIENT_TASKS, AccessLevel.READ)))


def task_get(user: User | AnonymousUser, *, uid: uuid.UUID) -> ClientTask:
    """One task.

    Raises:
        TaskNotFoundError: It does not exist, and neither its group nor one of its devices is the person's to see.
    """
    task = tasks_visible(user).filter(uid=uid).first()
    if task is None:
        raise TaskNotFoundError
    return task


def task_get_writable(user: User | AnonymousUser, *, uid: uuid.UUID) -> ClientTask:
    """One task that a person may take back: its group, and every managed device with a run, are theirs to change.

    Raises:
        TaskNotFoundError: The person does not see it.
        NotAllowedError: They see it, and may not change all that it reaches.
    """
    task = task_get(user, uid=uid)
    if may_everywhere(user, Functionality.CLIENT_TASKS, AccessLevel.USE):
        return task
    writable = groups_within(user, Functionality.CLIENT_TASKS, AccessLevel.USE)
    is_foreign = task.group_id is not None and not writable.filter(pk=task.group_id).exists()
    if is_foreign or task.runs.exclude(device__group__in=writable).exists():
        raise NotAllowedError
    return task


def device_task_runs(device: Device) -> QuerySet[TaskRun]:
    """The runs of a device the caller may see, newest first."""
    return device.task_runs.select_related("task").order_by("-id")


def task_failed_devices(user: User | AnonymousUser, task: ClientTask) -> list[int]:
    """Ids of the managed devices that a person may change and whose newest run of a task failed or expired.

    Raises:
        NotAllowedError: The person may change nothing at all.
    """
    what = functionality_of(task.kind)
    if not may(user, what, AccessLevel.USE):
        raise NotAllowedError
    newest = TaskRun.objects.filter(task=task, device=OuterRef("pk")).order_by("-id")
    devices = devices_active_visible(user, functionality=what, level=AccessLevel.USE)
    devices = devices.filter(task_runs__task=task)
    failed = devices.annotate(newest=Subquery(newest.values("state")[:1])).filter(newest__in=RERUN_STATES)
    return sorted(set(failed.values_list("pk", flat=True)))


def runs_open(device_ids: Collection[int], *, now: datetime) -> QuerySet[TaskRun]:
    """The runs that the devices' documents must carry: not ended, life not over; oldest first."""
    runs = TaskRun.objects.filter(device_id__in=device_ids, task__expires_at__gt=now, fired_at__isnull=True)
    runs = runs.exclude(state__in=FINAL_STATES)
    return runs.select_related("task").order_by("id")


def group_tasks(group: StaticGroup) -> tuple[GroupTask, ...]:
    """The tasks that a static group's document carries: those on its whole path and on its dynamic groups."""
    rows = ClientTask.objects.filter(group_id__in=group.path, ended_at__isnull=True).exclude(trigger__type="SIZE")
    return tuple(map(group_task_wire, rows.select_related("group", "dynamic_group").order_by("id")))


def group_task_wire(task: ClientTask) -> GroupTask:
    """A group task as documents carry it."""
    target = task.dynamic_group or task.group
    assert target is not None, "only group tasks stand in group documents"  # noqa: S101  # narrows the type
    return GroupTask(
        task=task.uid,
        group=target.uid.hex,
        kind=task.kind,
        params=task.params,
        trigger=task.trigger or {},
        issued_at_us=fire_us(task.created_at),
        life_seconds=task.life_seconds,
        pause_seconds=task.pause_seconds,
        ends_at_us=fire_us(task.expires_at) if task.expires_at else None,
    )
