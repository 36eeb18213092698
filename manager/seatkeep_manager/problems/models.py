"""What needs a person. Opened and closed by evaluators when the facts change, never by hand."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from seatkeep_webkit.ids import new_uid

from seatkeep_manager.directory.models import Device
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemKind, ProblemSeverity, ProblemState


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
            models.CheckConstraint(condition=Q(kind__in=ProblemKind.values), name="problem_kind"),
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
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
