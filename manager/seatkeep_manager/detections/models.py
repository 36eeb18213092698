"""What engines found, and what lies in quarantine on devices."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.detections.enums import Engine, QuarantineState, Resolution, Severity
from seatkeep_manager.directory.models import Device


class Detection(models.Model):
    """One finding of an engine on one device; open until it is resolved."""

    uid = models.UUIDField(unique=True)
    """Given by the endpoint."""
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="detections")
    product = models.TextField(blank=True, default="")
    name = models.TextField()
    severity = models.TextField(choices=Severity.choices)
    engine = models.TextField()
    path = models.TextField(blank=True, default="")
    sha256 = models.TextField(blank=True, default="")
    size_bytes = models.BigIntegerField(null=True)
    action = models.TextField(blank=True, default="")
    is_test = models.BooleanField(default=False)
    run_uid = models.UUIDField(null=True)
    """The task run whose scan found it."""
    item_uid = models.UUIDField(null=True)
    """The quarantine item, when it was put there."""
    user_name = models.TextField(blank=True, default="")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.TextField(choices=Resolution.choices, blank=True, default="")
    resolved_by = models.TextField(blank=True, default="")
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="detection_severity"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolution="")
                | Q(resolved_at__isnull=False, resolution__in=Resolution.values),
                name="detection_resolution",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["device", "-occurred_at"], name="detection_device"),
            models.Index(fields=["device"], name="detection_open", condition=Q(resolved_at__isnull=True)),
            models.Index(fields=["-occurred_at", "-id"], name="detection_list"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def engine_name(self) -> str:
        """Who found it, by name; an engine that this release does not know is called as it calls itself."""
        return dict(Engine.choices).get(self.engine, self.engine)


class QuarantineItem(models.Model):
    """A file that a device keeps locked away."""

    uid = models.UUIDField(unique=True, default=new_uid)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="quarantine")
    item_uid = models.UUIDField()
    """The endpoint's own id of the item."""
    detection = models.ForeignKey(Detection, null=True, on_delete=models.SET_NULL, related_name="quarantine")
    path = models.TextField()
    sha256 = models.TextField(blank=True, default="")
    size_bytes = models.BigIntegerField(default=0)
    name = models.TextField(blank=True, default="")
    detail = models.TextField(blank=True, default="")
    state = models.TextField(choices=QuarantineState.choices, default=QuarantineState.HELD)
    quarantined_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    """The device's own time of the newest report taken."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "item_uid"], name="quarantine_item_once"),
            models.CheckConstraint(condition=Q(state__in=QuarantineState.values), name="quarantine_item_state"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "-quarantined_at"], name="quarantine_list")]

    def __str__(self) -> str:
        return self.path
