"""Writes of the audit journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.enums import Result, Severity
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.rules import severity_of

Detail = str | int | bool | None


class Subject(NamedTuple):
    """What an act was done to.

    Attributes:
        id: Its uid, as text.
        company_uid: The company that may read the entry; the actor's when None.
        details: Exactly what may be kept.
    """

    id: str
    company_uid: UUID | None
    details: Mapping[str, Detail]


def audit_record(
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: object,
    company_uid: UUID | None = None,
    details: Mapping[str, Detail] | None = None,
    severity: Severity | None = None,
    result: Result = Result.DONE,
    now: datetime,
) -> None:
    """Append one entry, inside the caller's transaction: no write without its entry, no entry without its write.

    Args:
        actor: Who acts.
        action: `subject:verb`, such as `license:suspend`.
        subject_type: The entity's name, such as `license`.
        subject_id: Its uid; written as text.
        company_uid: The company that may read this entry; the actor's when left out.
        details: Exactly what may be kept. The caller spells each value out; secrets never belong here.
        severity: How much it deserves to be looked at; judged by the verb and the result when left out.
        result: Whether it was done.
        now: When it happens, aware UTC.
    """
    subject = Subject(str(subject_id), company_uid, details or {})
    audit_record_many(
        actor=actor,
        action=action,
        subject_type=subject_type,
        subjects=[subject],
        severity=severity,
        result=result,
        now=now,
    )


def audit_record_many(
    *,
    actor: Actor,
    action: str,
    subject_type: str,
    subjects: Sequence[Subject],
    severity: Severity | None = None,
    result: Result = Result.DONE,
    now: datetime,
) -> None:
    """Append one entry for each of several subjects of the same act, as `audit_record` does."""
    judged = severity or severity_of(action, result)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=now,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            actor_label=actor.label,
            impersonator=actor.impersonator,
            ip=actor.ip,
            action=action,
            subject_type=subject_type,
            subject_id=subject.id,
            company_uid=subject.company_uid or actor.company_uid,
            details=dict(subject.details),
            severity=judged,
            result=result,
        )
        for subject in subjects
    )
