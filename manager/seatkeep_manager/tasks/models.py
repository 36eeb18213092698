"""Client tasks and their runs: one run per device."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device
from seatkeep_manager.tasks.enums import FINAL_STATES, RunState


class ClientTask(models.Model):
    """Something that devices are asked to do once, as soon as they hear of it, until it expires."""

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField()
    params = models.JSONField(default=dict)
    company_hub_id = models.UUIDField(null=True, db_index=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="client_task_expires_later"),
            models.CheckConstraint(condition=~Q(kind=""), name="client_task_kind"),
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
    queued_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    """The device's own time of the newest report taken; an older report changes nothing."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task", "device"], name="task_run_once"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="task_run_state"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="task_run_progress"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["device", "-id"], name="task_run_device"),
            models.Index(fields=["queued_at"], name="task_run_open", condition=~Q(state__in=FINAL_STATES)),
        ]

    def __str__(self) -> str:
        return f"run {self.uid} {self.state}"
