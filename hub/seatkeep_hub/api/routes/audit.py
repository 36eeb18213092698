"""`/audit`: who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from seatkeep_webkit.actors import ActorKind
from seatkeep_webkit.audit.enums import Result, Severity
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import AuditQuery, audit_narrow
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import AuditOut, Limit, PageOut
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.people.journal import SUBJECTS_OF, Section, journal

router = Router(tags=["Audit"])


class AuditIn(Schema):
    """What to narrow the journal by; times without an offset are UTC."""

    company_id: UUID | None = None
    section: Section | None = None
    action: str | None = None
    actor_id: str | None = None
    actor_kind: ActorKind | None = None
    severity: Severity | None = None
    result: Result | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_impersonated: bool | None = None


@router.get("/audit", response=PageOut[AuditOut], summary="Read the audit log")
def audit_index(
    request: HttpRequest, asked: Query[AuditIn], cursor: str | None = None, limit: Limit = 100
) -> Page[AuditEntry]:
    """Who did what in the companies that you may see, newest first; what tells of prices only with that right."""
    viewer = viewer_of(request)
    company = company_get(viewer, asked.company_id) if asked.company_id else None
    query = AuditQuery(
        subjects=SUBJECTS_OF[asked.section] if asked.section else frozenset(),
        since=_utc("since", asked.since),
        until=_utc("until", asked.until),
        **asked.dict(exclude={"company_id", "section", "since", "until"}),
    )
    found = audit_narrow(journal(viewer, company=company), query)
    return paginate(found, order=("-id",), cursor=cursor, limit=limit)


def _utc(name: str, at: datetime | None) -> datetime | None:
    if at is None or at.tzinfo is None:
        return at and at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidError(fields={name: ["Before the year 1, or after 9999."]}) from None
