"""Reads of tasks; each starts from the devices that a person may see."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.directory.selectors import devices_visible
from seatkeep_manager.tasks.enums import FINAL_STATES
from seatkeep_manager.tasks.errors import TaskNotFoundError
from seatkeep_manager.tasks.models import ClientTask, TaskRun


def task_runs_visible(user: User | AnonymousUser) -> QuerySet[TaskRun]:
    """The runs on devices that a person may see, newest first, with task and device."""
    runs = TaskRun.objects.filter(device__in=devices_visible(user))
    return runs.select_related("task", "device", "device__group").order_by("-id")


def tasks_visible(user: User | AnonymousUser) -> QuerySet[ClientTask]:
    """The tasks with a run on a device that a person may see, newest first."""
    return ClientTask.objects.filter(runs__device__in=devices_visible(user)).distinct().order_by("-id")


def task_get(user: User | AnonymousUser, *, uid: uuid.UUID) -> ClientTask:
    """One task.

    Raises:
        TaskNotFoundError: It does not exist or none of its devices is the person's to see.
    """
    task = tasks_visible(user).filter(uid=uid).first()
    if task is None:
        raise TaskNotFoundError
    return task


def device_task_runs(device: Device) -> QuerySet[TaskRun]:
    """The runs of a device the caller may see, newest first."""
    return device.task_runs.select_related("task").order_by("-id")


def runs_open(device_ids: Collection[int], *, now: datetime) -> QuerySet[TaskRun]:
    """The runs that the devices' documents must carry: not ended, life not over; oldest first."""
    runs = TaskRun.objects.filter(device_id__in=device_ids, task__expires_at__gt=now).exclude(state__in=FINAL_STATES)
    return runs.select_related("task").order_by("id")
