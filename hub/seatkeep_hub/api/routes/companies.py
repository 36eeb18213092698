"""`/companies`: the tree that the caller may see, and notes about its companies."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.impersonation import impersonation_refuse
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.company_schemas import (
    CompanyIn,
    CompanyMadeOut,
    CompanyOut,
    CompanyPatch,
    NoteIn,
    NoteOut,
    TrustIn,
    TrustOut,
)
from seatkeep_hub.api.reauth import recently_signed_in
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus, Right
from seatkeep_hub.companies.fields import OF_THE_PARENT
from seatkeep_hub.companies.models import Company, CompanyNote
from seatkeep_hub.companies.notes import note_add, note_delete, note_edit, note_get, note_list
from seatkeep_hub.companies.selectors import companies_visible, company_get, company_search, parent_decides_check
from seatkeep_hub.companies.services import company_rename, company_update
from seatkeep_hub.licensing.allowance import bundles_known_check
from seatkeep_hub.licensing.suspension import company_suspend, company_unsuspend
from seatkeep_hub.msp.onboarding import company_begin
from seatkeep_hub.msp.removing import company_take_out
from seatkeep_hub.msp.requests import approval_check, trust_set

router = Router(tags=["Companies"])
Words = Annotated[str, Query(max_length=100, description="Parts of name, numbers, tax id, e-mail, contact, city, tags")]


@router.get("/companies", response=PageOut[CompanyOut], summary="List companies")
def company_index(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 100,
    parent_id: UUID | None = None,
    q: Words = "",
    kind: CompanyKind | None = None,
    status: CompanyStatus | None = None,
    tag: str | None = None,
) -> Page[Company]:
    """Companies that you may see, by id; `parent_id` keeps the direct children only, `q` those that have every word."""
    found = company_search(companies_visible(viewer_of(request)).select_related("parent"), q)
    wanted = {"parent__uid": parent_id, "kind": kind, "status": status}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if tag is not None:
        found = found.filter(tags__contains=[tag.replace("\0", "")])
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/companies", response={201: CompanyMadeOut}, summary="Create a company")
@idempotent
def company_new(request: HttpRequest, body: CompanyIn) -> Status[Company]:
    """Create a company below one that you may change. Sends no mail: you hand the link to an invited contact person."""
    viewer, actor = viewer_of(request), actor_from_request(request)
    parent = company_get(viewer, body.parent_id, level=AccessLevel.WRITE)
    approval_check(viewer, parent)
    if body.contact_email:
        company_get(viewer, body.parent_id, right=Right.PEOPLE)
    bundles_known_check(body.allowed_bundles)
    fields = body.dict(exclude={"parent_id"})
    for inherited in ("time_zone", "country"):
        if not fields[inherited]:
            del fields[inherited]
    made, invited = company_begin(actor=actor, parent=parent, now=read_clock(), **fields)
    if invited is not None:
        link = f"{settings.LICENSING_URL}{reverse('portal:invite', args=[invited.token])}"
        setattr(made, "invitation_link", link)  # noqa: B010  # what `CompanyMadeOut` looks for
    return Status(201, made)


@router.get("/companies/{company_id}", response=CompanyOut, summary="Show a company")
def company_show(request: HttpRequest, company_id: UUID) -> Company:
    """One company."""
    return company_get(viewer_of(request), company_id)


@router.patch("/companies/{company_id}", response=CompanyOut, summary="Change a company")
def company_change(request: HttpRequest, company_id: UUID, body: CompanyPatch) -> Company:
    """Rename or change fields: what is left out stays, what is empty is erased. The same values change nothing."""
    viewer, actor, now = viewer_of(request), actor_from_request(request), read_clock()
    company = company_get(viewer, company_id, level=AccessLevel.WRITE)
    fields = _wished(company, body)
    parent_decides_check(viewer, company, {name: fields[name] for name in OF_THE_PARENT & fields.keys()})
    bundles_known_check(fields.get("allowed_bundles"))
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


@router.post("/companies/{company_id}/remove", response=CompanyOut, summary="Remove a company that is out of use")
def company_out(request: HttpRequest, company_id: UUID) -> Company:
    """For what was suspended first, or never confirmed, and has nothing below it; to end what is in use, off-board it.

    People confirm their password shortly before; nobody does it in another's name.
    """
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    impersonation_refuse(request)
    recently_signed_in(request)
    return company_take_out(actor=actor_from_request(request), company=company, now=read_clock())


@router.put("/companies/{company_id}/trust", response=TrustOut, summary="Trust a managed MSP, or stop")
def company_trust(request: HttpRequest, company_id: UUID, body: TrustIn) -> dict[str, Any]:
    """Who is not trusted asks before it orders. `approve_waiting` approves what it asked for until now."""
    viewer = viewer_of(request)
    company = company_get(viewer, company_id, level=AccessLevel.WRITE)
    parent_decides_check(viewer, company, {"is_trusted": body.is_trusted, "approve_waiting": True})
    results = trust_set(
        actor=actor_from_request(request),
        company=company,
        is_trusted=body.is_trusted,
        approve_waiting=body.approve_waiting,
        now=read_clock(),
    )
    outcome = [{"request_id": one.uid, "code": code} for one, code in results]
    return {"company": company_get(viewer, company_id), "requests": outcome}


@router.get("/companies/{company_id}/notes", response=PageOut[NoteOut], summary="List notes about a company")
def note_index(
    request: HttpRequest, company_id: UUID, cursor: str | None = None, limit: Limit = 100
) -> Page[CompanyNote]:
    """The newest first."""
    return paginate(note_list(company_get(viewer_of(request), company_id)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/companies/{company_id}/notes", response={201: NoteOut}, summary="Write a note about a company")
@idempotent
def note_new(request: HttpRequest, company_id: UUID, body: NoteIn) -> Status[CompanyNote]:
    """Write something down, with your name and the time."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    made = note_add(actor=actor_from_request(request), company=company, text=body.text, now=read_clock())
    return Status(201, made)


@router.patch("/companies/{company_id}/notes/{note_id}", response=NoteOut, summary="Edit your own note")
def note_change(request: HttpRequest, company_id: UUID, note_id: UUID, body: NoteIn) -> CompanyNote:
    """Change the text. The same text changes nothing."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    note = note_get(company, note_id)
    return note_edit(actor=actor_from_request(request), note=note, text=body.text, now=read_clock())


@router.delete("/companies/{company_id}/notes/{note_id}", response={204: None}, summary="Remove a note")
def note_drop(request: HttpRequest, company_id: UUID, note_id: UUID) -> Status[None]:
    """Remove it for good."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    note_delete(actor=actor_from_request(request), note=note_get(company, note_id), now=read_clock())
    return Status(204, None)


def _wished(company: Company, body: CompanyPatch) -> dict[str, Any]:
    """The fields of a PATCH as the service takes them: null erases as an empty value does."""
    fields = body.dict(exclude_unset=True)
    added, removed = fields.pop("tags_add", []), fields.pop("tags_remove", [])
    if ("tags" in fields) and (added or removed):
        raise InvalidError(fields={"tags": ["Either the whole list, or what comes and goes."]})
    if added or removed:
        fields["tags"] = [tag for tag in [*company.tags, *added] if tag.strip() not in set(removed)]
    kept_null = {"allowed_bundles"}
    empty: dict[str, Any] = {"tags": []}
    return {
        name: empty.get(name, "") if value is None and name not in kept_null else value
        for name, value in fields.items()
    }
