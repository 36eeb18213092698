"""The audit log, as far as the caller may read it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import AwareDatetime
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import AuditQuery, audit_narrow
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import AuditOut, PageOut
from seatkeep_manager.customers.across import audit_visible
from seatkeep_manager.customers.selectors import customer_get

router = Router(tags=["Audit"])
Word = Annotated[str | None, Query(max_length=100)]


@router.get("/audit", response=PageOut[AuditOut], summary="Who did what")
def audit_list(
    request: HttpRequest,
    actor: UUID | None = None,
    action: Word = None,
    subject_type: Word = None,
    subject: UUID | None = None,
    customer: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[AuditEntry]:
    """The journal of what the caller may read, newest first; narrowed by who, what, object, customer and time."""
    user = caller(request)
    query = AuditQuery(action=action, actor_id=str(actor) if actor else None, since=since, until=until)
    found = audit_narrow(audit_visible(user), query)
    exact: dict[str, Any] = {
        "subject_type": subject_type,
        "subject_id": str(subject) if subject else None,
        "company_uid": customer_get(user, uid=customer).hub_id if customer else None,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value is not None})
    return paginate(found, order=("-id",), cursor=cursor, limit=limit)
