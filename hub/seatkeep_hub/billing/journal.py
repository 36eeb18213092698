"""Audit entries of billing."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.models import Company


def record(
    actor: Actor, action: str, subject: str, uid: str, company: Company, details: dict[str, str], now: datetime
) -> None:
    """Write an audit entry in the name of a seller."""
    audit_record(
        actor=actor,
        action=action,
        subject_type=subject,
        subject_id=uid,
        company_uid=company.uid,
        details=details,
        now=now,
    )
