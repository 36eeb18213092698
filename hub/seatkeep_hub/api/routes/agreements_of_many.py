"""`/agreements/runs`: the same agreement for many customers, with a preview."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.idempotency import idempotent

from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.routes.agreements import Count
from seatkeep_hub.api.routes.seat_acts import RunOut, begin
from seatkeep_hub.companies.errors import AccessDeniedError, CompanyNotFoundError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.msp.bulk import MAX_COMPANIES
from seatkeep_hub.msp.requests import companies_free
from seatkeep_hub.ordering.agreeing import CHANGES, Preview, agreements_preview, arguments_of
from seatkeep_hub.ordering.enums import BulkKind

router = Router(tags=["Agreements"])


class ManyIn(Schema):
    """The same agreement for many customers; those that are not yours to change are refused one by one."""

    companies: Annotated[list[UUID], Field(min_length=1, max_length=MAX_COMPANIES)]
    license_id: UUID
    product: Annotated[str, Field(max_length=60)]
    mode: AgreementMode
    quantity: Count = 0
    on_exceed: OnExceed = OnExceed.FLAG
    warn_above: Count | None = None
    stop_above: Count | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class ChangeOut(Schema):
    """What would become of one customer: `change`, `unchanged`, or the code of a refusal."""

    company_id: UUID
    code: str
    mode: str | None
    quantity: int | None
    used: int


class PreviewOut(Schema):
    """What it would do: of each customer now, and how many units the license has and would need."""

    changes: list[ChangeOut]
    ordered: int
    needed: int
    can_grow: bool


@router.post("/agreements/preview", response=PreviewOut, summary="See what one agreement for many would change")
def many_preview(request: HttpRequest, body: ManyIn) -> dict[str, Any]:
    """Nothing is written."""
    _license, preview, unknown = _look(request, body)
    return {
        "changes": [
            *(
                {
                    "company_id": one.company.uid,
                    "code": one.code,
                    "mode": one.before.mode if one.before else None,
                    "quantity": one.before.quantity if one.before else None,
                    "used": one.used,
                }
                for one in preview.changes
            ),
            *(
                {"company_id": uid, "code": CompanyNotFoundError.code, "mode": None, "quantity": None, "used": 0}
                for uid in unknown
            ),
        ],
        "ordered": preview.ordered,
        "needed": preview.needed,
        "can_grow": preview.can_grow,
    }


@router.post("/agreements/runs", response={202: RunOut}, summary="Set one agreement for many customers")
@idempotent
def many_set(request: HttpRequest, body: ManyIn) -> Status[Any]:
    """As a job, each customer by itself; what is the same already is left out."""
    license, preview, _unknown = _look(request, body)
    uids = [one.company.uid for one in preview.changes if one.code == CHANGES]
    arguments = arguments_of(license, body.product, _terms(body), body.note)
    with transaction.atomic():
        return Status(202, begin(request, viewer_of(request), BulkKind.AGREEMENTS_SET, uids, arguments))


def _look(request: HttpRequest, body: ManyIn) -> tuple[License, Preview, list[UUID]]:
    viewer = viewer_of(request)
    license = license_get(viewer, body.license_id)
    wanted = list(dict.fromkeys(body.companies))
    free: dict[UUID, Company] = {one.uid: one for one in companies_free(viewer).filter(uid__in=wanted).defer("search")}
    if not free:
        is_seen = companies_visible(viewer).filter(uid__in=wanted).exists()
        raise AccessDeniedError if is_seen else CompanyNotFoundError
    preview = agreements_preview(
        license=license,
        product_code=body.product,
        companies=[free[uid] for uid in wanted if uid in free],
        terms=_terms(body),
    )
    return license, preview, [uid for uid in wanted if uid not in free]


def _terms(body: ManyIn) -> Terms:
    return Terms(body.mode.value, body.quantity, body.on_exceed.value, body.warn_above, body.stop_above)
