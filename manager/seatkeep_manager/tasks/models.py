"""Client tasks and their runs: one run per device."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.tasks.enums import FINAL_STATES, RunState, ServerTaskKind


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
    is_over = models.BooleanField(default=False, db_default=False)
    """A trigger by the size of the group: whether it was over its bound at the last look."""

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


class DeviceIsolation(models.Model):
    """A device that is cut off the network, as it says itself; no row while it is not."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="isolation")
    since = models.DateTimeField()
    until = models.DateTimeField()
    """When it ends by itself, by the device's clock."""
    by = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.device_id} until {self.until}"


class CollectedFile(models.Model):
    """A file that a device sent because a task asked for it."""

    run = models.OneToOneField(TaskRun, on_delete=models.CASCADE, related_name="file")
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="collected_files")
    name = models.TextField()
    size_bytes = models.PositiveIntegerField()
    sha256 = models.TextField()
    content = models.BinaryField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class SoftwarePackage(models.Model):
    """A package that tasks may install: only what stands here, and only a file of exactly this content."""

    uid = models.UUIDField(unique=True, default=new_uid)
    name = models.TextField()
    version = models.TextField(blank=True, default="")
    format = models.TextField()
    url = models.TextField()
    sha256 = models.TextField()
    created_at = models.DateTimeField()
    created_by = models.TextField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["url", "sha256"], name="software_package_once", condition=Q(removed_at__isnull=True)
            ),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="software_package_sha256"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class ServerTask(models.Model):
    """Something that the console itself does each day with the devices under a group."""

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField(choices=ServerTaskKind.choices)
    params = models.JSONField(default=dict)
    group = models.ForeignKey(StaticGroup, on_delete=models.CASCADE, related_name="server_tasks")
    created_at = models.DateTimeField()
    created_by = models.TextField()
    ran_at = models.DateTimeField(null=True)
    changed = models.PositiveIntegerField(default=0)
    """How many devices the last run changed."""
    note = models.TextField(blank=True, default="")
    """Why the last run changed none although some fit."""
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=ServerTaskKind.values), name="server_task_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.group_id}"
