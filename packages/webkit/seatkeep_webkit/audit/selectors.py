"""Reads of the audit journal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.enums import Result, Severity
from seatkeep_webkit.audit.models import AuditEntry


def audit_list(
    *,
    company_uids: Collection[UUID] | None,
    subject_type: str | None = None,
    subject_id: object = None,
    actor_id: str | None = None,
) -> QuerySet[AuditEntry]:
    """Return entries, newest first.

    Args:
        company_uids: Companies whose entries the asker may see; nothing when empty; None for an operator, who sees all.
        subject_type: Only entries about this kind of entity.
        subject_id: Only entries about this one.
        actor_id: Only entries of this actor.
    """
    entries = AuditEntry.objects.order_by("-id")
    if company_uids is not None:
        entries = entries.filter(company_uid__in=company_uids)
    if subject_type is not None:
        entries = entries.filter(subject_type=subject_type)
    if subject_id is not None:
        entries = entries.filter(subject_id=str(subject_id))
    return entries if actor_id is None else entries.filter(actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What of the journal is asked for; what is None or empty is not narrowed by.

    Attributes:
        action: Exactly this one, such as `license:suspend`.
        subjects: Actions of these subjects (before the colon): a part of the site.
        actor_id: Of this actor.
        actor_kind: Of this kind of actor.
        severity: Of this severity.
        result: With this result.
        since: At or after, aware.
        until: Before, aware.
        is_impersonated: Only what was done while acting as somebody else, or only the rest.
    """

    action: str | None = None
    subjects: frozenset[str] = frozenset()
    actor_id: str | None = None
    actor_kind: ActorKind | None = None
    severity: Severity | None = None
    result: Result | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_impersonated: bool | None = None


def audit_narrow(entries: QuerySet[AuditEntry], query: AuditQuery) -> QuerySet[AuditEntry]:
    """Return the entries that a query asks for."""
    lookups = {
        "action": query.action,
        "actor_id": query.actor_id,
        "actor_kind": query.actor_kind,
        "severity": query.severity,
        "result": query.result,
        "at__gte": query.since,
        "at__lt": query.until,
        "impersonator__isnull": None if query.is_impersonated is None else not query.is_impersonated,
    }
    found = entries.filter(**{name: value for name, value in lookups.items() if value is not None})
    return found.filter(section_condition(query.subjects)) if query.subjects else found


def section_condition(subjects: Collection[str]) -> Q:
    """Return the condition of actions whose subject is one of these."""
    condition = Q(pk__in=[])
    for subject in sorted(subjects):
        condition |= Q(action__startswith=f"{subject}:")
    return condition
