"""Reads of the audit journal."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

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
