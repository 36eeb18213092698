"""Client tasks and their runs: one run per device."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.tasks.enums import FINAL_STATES, RunState


class ClientTask(models.Model):
    """Something that devices are asked to do.

    Without a group: once, by the devices that have a run, as soon as they hear of it, until it expires. With one: by
    whoever stands under the group, each time that `trigger` fires there (seatkeep_protocol.triggers).
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField()
    params = models.JSONField(default=dict)
    company_hub_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    """From then on it does not begin; null only for a group task that goes on until somebody ends it."""
    created_by = models.TextField()
    group = models.ForeignKey(StaticGroup, null=True, on_delete=models.CASCADE, related_name="client_tasks")
    """The static group that it stands on, or the one of `dynamic_group`."""
    dynamic_group = models.ForeignKey(DynamicGroup, null=True, on_delete=models.CASCADE, related_name="client_tasks")
    trigger = models.JSONField(null=True)
    life_seconds = models.PositiveIntegerField(default=0, db_default=0)
    """How late a device may begin after its trigger fired."""
    pause_seconds = models.PositiveIntegerField(default=0, db_default=0)
    """A fire so soon after the last run is passed over."""
    ended_at = models.DateTimeField(null=True)
    """When a group task was taken off its group."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="client_task_expires_later"),
            models.CheckConstraint(condition=~Q(kind=""), name="client_task_kind"),
            models.CheckConstraint(
                condition=Q(
                    group__isnull=True, trigger__isnull=True, dynamic_group__isnull=True, expires_at__isnull=False
                )
                | Q(group__isnull=False, trigger__isnull=False),
                name="client_task_group_has_trigger",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["group"], name="client_task_on_group", condition=Q(group__isnull=False, ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"


class TaskRun(models.Model):
    """One device's part of a task."""

    uid = models.UUIDField(unique=True, default=new_uid)
    task = models.ForeignKey(ClientTask, on_delete=models.CASCADE, related_name="runs")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="task_runs")
    state = models.TextField(choices=RunState.choices, default=RunState.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    """Percent, 0–100."""
    output = models.TextField(blank=True, default="")
    result = models.JSONField(default=dict)
    error_code = models.TextField(blank=True, default="")
    fired_at = models.DateTimeField(null=True)
    """Which fire of a group task it is."""
    queued_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    """The device's own time of the newest report taken; an older report changes nothing."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["task", "device", "fired_at"], name="task_run_fire_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="task_run_state"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="task_run_progress"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["device", "-id"], name="task_run_device"),
            models.Index(fields=["queued_at"], name="task_run_open", condition=~Q(state__in=FINAL_STATES)),
        ]

    def __str__(self) -> str:
        return f"run {self.uid} {self.state}"
