"""One table, append-only: a trigger refuses changes, so that not even a bug rewrites history."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.enums import Result, Severity


class AuditEntry(models.Model):
    """One act. `subject_id` is a uid, never a secret; `details` is what the caller spelled out."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in ActorKind])
    actor_id = models.CharField(max_length=100)
    actor_label = models.CharField(max_length=254)
    impersonator = models.CharField(max_length=254, null=True)
    ip = models.GenericIPAddressField(null=True)
    action = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=100)
    company_uid = models.UUIDField(null=True)
    details = models.JSONField(default=dict)
    severity = models.CharField(
        max_length=7, choices=Severity.choices, default=Severity.INFO, db_default=Severity.INFO.value
    )
    result = models.CharField(max_length=7, choices=Result.choices, default=Result.DONE, db_default=Result.DONE.value)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(actor_kind__in=[kind.value for kind in ActorKind]), name="audit_actor_kind"
            ),
            models.CheckConstraint(condition=Q(action__contains=":"), name="audit_action_is_subject_verb"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="audit_severity_known"),
            models.CheckConstraint(condition=Q(result__in=Result.values), name="audit_result_known"),
        ]
        indexes = [
            models.Index(fields=["company_uid", "-id"], name="audit_company"),
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_subject"),
            models.Index(fields=["actor_id", "-id"], name="audit_actor"),
            models.Index(fields=["-id"], name="audit_grave", condition=~Q(severity=Severity.INFO)),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.action} {self.subject_type} {self.subject_id}"
