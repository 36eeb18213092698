"""What needs a person: opened and closed by evaluators when the facts change, never by hand; and its history."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.problems.enums import (
    FORMER_KINDS,
    UNRESOLVED,
    ProblemKind,
    ProblemSeverity,
    ProblemState,
    ProblemVerb,
)


class Problem(models.Model):
    """One thing that is wrong, of one device, one customer, or the whole instance.

    `subject` tells two unresolved problems of one kind apart: "device:<uid>", "request:<uid>", "instance".
    """

    uid = models.UUIDField(unique=True, default=new_uid)
    kind = models.TextField(choices=ProblemKind.choices)
    severity = models.TextField(choices=ProblemSeverity.choices)
    subject = models.TextField()
    device = models.ForeignKey(Device, null=True, on_delete=models.CASCADE, related_name="problems")
    company_hub_id = models.UUIDField(null=True, db_index=True)
    details = models.JSONField(default=dict)
    state = models.TextField(choices=ProblemState.choices, default=ProblemState.OPEN)
    since = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=[*ProblemKind.values, *FORMER_KINDS]), name="problem_kind"),
            models.CheckConstraint(condition=Q(severity__in=ProblemSeverity.values), name="problem_severity"),
            models.CheckConstraint(condition=Q(state__in=ProblemState.values), name="problem_state"),
            models.CheckConstraint(
                condition=Q(state=ProblemState.RESOLVED, resolved_at__isnull=False)
                | (~Q(state=ProblemState.RESOLVED) & Q(resolved_at__isnull=True)),
                name="problem_resolved_has_instant",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state__in=UNRESOLVED), name="problem_unresolved_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["company_hub_id", "kind", "id"], name="problem_list", condition=Q(state__in=UNRESOLVED)
            ),
            models.Index(fields=["device"], name="problem_device", condition=Q(state__in=UNRESOLVED)),
            models.Index(fields=["-since", "-id"], name="problem_newest", condition=Q(state__in=UNRESOLVED)),
            models.Index(fields=["snoozed_until"], name="problem_snoozed", condition=Q(state=ProblemState.SNOOZED)),
            models.Index(fields=["resolved_at"], name="problem_resolved", condition=Q(state=ProblemState.RESOLVED)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class ProblemEvent(models.Model):
    """One line of a problem's history; never changed.

    `act` is the same for all problems that one act of a person touched, and `former` is what that act changed, so that
    the act can be taken back.
    """

    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="events")
    verb = models.TextField(choices=ProblemVerb.choices)
    at = models.DateTimeField()
    actor = models.TextField(blank=True, default="")
    """Who did it, as people know them; empty where it happened by itself."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    details = models.JSONField(default=dict)
    act = models.UUIDField(null=True)
    former = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(verb__in=ProblemVerb.values), name="problem_event_verb"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["problem", "id"], name="problem_event_history"),
            models.Index(fields=["act"], name="problem_event_act", condition=Q(act__isnull=False)),
            models.Index(fields=["user", "-id"], name="problem_event_mine", condition=Q(act__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.problem_id}"


class DeviceCondition(models.Model):
    """What a device reported of itself that problems are judged by and that stands nowhere else; one narrow row each.

    `signatures_at` is null where signatures do not count: no engine runs, or it has test rules only.
    """

    device = models.OneToOneField(Device, on_delete=models.CASCADE, primary_key=True, related_name="condition")
    signatures_at = models.DateTimeField(null=True)
    settings_errors = models.JSONField(default=dict)
    """Setting → why it could not be applied."""
    engine_differences = ArrayField(models.TextField(), default=list)
    """Settings of another vendor's engine that are not as policies want."""
    restart_since = models.DateTimeField(null=True)
    """When the device first said that it needs a restart."""
    disk_mount = models.TextField(blank=True, default="")
    disk_free_percent = models.PositiveSmallIntegerField(null=True)
    """Of its fullest disk."""

    def __str__(self) -> str:
        return f"condition of {self.device_id}"


class GroupThresholds(models.Model):
    """When a group's devices become problems: {threshold: number}; what is left out comes from the group above."""

    group = models.OneToOneField(StaticGroup, on_delete=models.CASCADE, primary_key=True, related_name="thresholds")
    limits = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"thresholds of {self.group_id}"


class ProblemVisit(models.Model):
    """When a person last looked at the problems: what appeared after `marker_at` is new to them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="problem_visit"
    )
    marker_at = models.DateTimeField()
    """The end of the visit before this one."""
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"visit of {self.user_id}"
