"""`/companies`: the tree that the caller may see."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import CompanyIn, CompanyOut, CompanyPatch, Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.companies.services import company_create, company_rename, company_update
from seatkeep_hub.licensing.suspension import company_suspend, company_unsuspend

router = Router(tags=["Companies"])


@router.get("/companies", response=PageOut[CompanyOut], summary="List companies")
def company_index(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 100, parent_id: UUID | None = None
) -> Page[Company]:
    """Companies that you may see, by id; `parent_id` keeps the direct children only."""
    found = companies_visible(viewer_of(request)).select_related("parent")
    if parent_id:
        found = found.filter(parent__uid=parent_id)
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/companies", response={201: CompanyOut}, summary="Create a company")
@idempotent
def company_new(request: HttpRequest, body: CompanyIn) -> Status[Company]:
    """Create a company below one that you may change. Sends no mail."""
    parent = company_get(viewer_of(request), body.parent_id, level=AccessLevel.WRITE)
    made = company_create(
        actor=actor_from_request(request),
        parent=parent,
        now=read_clock(),
        **body.dict(exclude={"parent_id"}),
    )
    return Status(201, made)


@router.get("/companies/{company_id}", response=CompanyOut, summary="Show a company")
def company_show(request: HttpRequest, company_id: UUID) -> Company:
    """One company."""
    return company_get(viewer_of(request), company_id)


@router.patch("/companies/{company_id}", response=CompanyOut, summary="Change a company")
def company_change(request: HttpRequest, company_id: UUID, body: CompanyPatch) -> Company:
    """Rename or change fields. The same values change nothing."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    actor, now = actor_from_request(request), read_clock()
    fields = body.dict(exclude_none=True)
    with transaction.atomic():
        if "name" in fields:
            company = company_rename(actor=actor, company=company, name=fields.pop("name"), now=now)
        return company_update(actor=actor, company=company, now=now, **fields)


@router.post("/companies/{company_id}/suspend", response=CompanyOut, summary="Suspend a company")
def company_pause(request: HttpRequest, company_id: UUID) -> Company:
    """Refuse activations and renewals of the company and below. Protection goes on as the license says."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    return company_suspend(actor=actor_from_request(request), company=company, now=read_clock())


@router.post("/companies/{company_id}/unsuspend", response=CompanyOut, summary="Take a suspension back")
def company_resume(request: HttpRequest, company_id: UUID) -> Company:
    """Take a suspension back."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    return company_unsuspend(actor=actor_from_request(request), company=company, now=read_clock())
