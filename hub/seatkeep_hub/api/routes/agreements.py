"""`/agreements`, `/usage`: what customers agreed to, and what was in use."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.agreements.models import USAGE_ORDER, Agreement, UsageDay
from seatkeep_hub.agreements.selectors import agreement_get, agreement_list, agreement_over, usage_list
from seatkeep_hub.agreements.services import agreement_close, agreement_set
from seatkeep_hub.agreements.usage import usage_today_count
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.licensing.services import MAX_QUANTITY
from seatkeep_hub.msp.requests import approval_check

router = Router(tags=["Agreements and usage"])
Count = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]


class AgreementOut(Schema):
    """What a customer agreed to for one product, and what is in use."""

    id: UUID
    public_id: str
    company_id: UUID
    license_id: UUID
    product: str
    mode: str
    quantity: int
    on_exceed: str
    warn_above: int | None
    stop_above: int | None
    used: int
    over: int
    is_closed: bool

    @staticmethod
    def resolve_id(agreement: Agreement) -> UUID:
        """The uid is the id outside."""
        return agreement.uid

    @staticmethod
    def resolve_company_id(agreement: Agreement) -> UUID:
        """The customer's uid."""
        return agreement.company.uid

    @staticmethod
    def resolve_license_id(agreement: Agreement) -> UUID:
        """The shared license's uid."""
        return agreement.license.uid

    @staticmethod
    def resolve_product(agreement: Agreement) -> str:
        """The product's code."""
        return agreement.product.code

    @staticmethod
    def resolve_used(agreement: Agreement) -> int:
        """Seats in use now."""
        return agreement.node.used

    @staticmethod
    def resolve_over(agreement: Agreement) -> int:
        """Devices more than agreed."""
        return agreement_over(agreement)

    @staticmethod
    def resolve_is_closed(agreement: Agreement) -> bool:
        """Whether it takes no new devices."""
        return agreement.closed_at is not None


class AgreementIn(Schema):
    """Make or change an agreement. FIXED needs `quantity`; FLEXIBLE may have `warn_above` and `stop_above`."""

    company_id: UUID
    license_id: UUID
    product: Annotated[str, Field(max_length=60)]
    mode: AgreementMode
    quantity: Count = 0
    on_exceed: OnExceed = OnExceed.FLAG
    warn_above: Count | None = None
    stop_above: Count | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class UsageOut(Schema):
    """One day of one customer, product and license: ordered, agreed and in use side by side."""

    day: date
    company_id: UUID
    product: str
    license_public_id: str
    ordered: int
    agreed: int
    in_use: int
    peak: int
    device_days: int

    @staticmethod
    def resolve_company_id(row: UsageDay) -> UUID:
        """The customer's uid."""
        return row.buyer.uid

    @staticmethod
    def resolve_product(row: UsageDay) -> str:
        """The product's code."""
        return row.product.code

    @staticmethod
    def resolve_license_public_id(row: UsageDay) -> str:
        """The license that was shared."""
        return row.node.license.public_id


class CountedOut(Schema):
    """How many rows of usage were written."""

    counted: int


@router.get("/agreements", response=PageOut[AgreementOut], summary="List agreements")
def agreement_index(
    request: HttpRequest, company_id: UUID | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[Agreement]:
    """Agreements of companies that you may see, closed ones too; of one company and below with `company_id`."""
    viewer = viewer_of(request)
    below = company_get(viewer, company_id) if company_id else None
    return paginate(agreement_list(viewer, company=below), order=("id",), cursor=cursor, limit=limit)


@router.post("/agreements", response={200: AgreementOut}, summary="Set an agreement")
@idempotent
def agreement_new(request: HttpRequest, body: AgreementIn) -> Agreement:
    """Make or change the agreement of a customer for a product; the shared license grows when more is promised."""
    viewer = viewer_of(request)
    company = company_get(viewer, body.company_id, level=AccessLevel.WRITE)
    approval_check(viewer, company)
    made = agreement_set(
        actor=actor_from_request(request),
        license=license_get(viewer, body.license_id),
        company=company,
        product_code=body.product,
        now=read_clock(),
        **body.dict(exclude={"company_id", "license_id", "product"}),
    )
    return agreement_get(viewer, made.uid)


@router.get("/agreements/{agreement_id}", response=AgreementOut, summary="Show an agreement")
def agreement_show(request: HttpRequest, agreement_id: UUID) -> Agreement:
    """One agreement."""
    return agreement_get(viewer_of(request), agreement_id)


@router.post("/agreements/{agreement_id}/close", response=AgreementOut, summary="Close an agreement")
def agreement_end(request: HttpRequest, agreement_id: UUID) -> Agreement:
    """No new devices; those that hold a seat keep it until it is released."""
    viewer = viewer_of(request)
    agreement = agreement_get(viewer, agreement_id)
    company_get(viewer, agreement.company.uid, level=AccessLevel.WRITE)
    approval_check(viewer, agreement.company)
    agreement_close(actor=actor_from_request(request), agreement=agreement, now=read_clock())
    return agreement_get(viewer, agreement_id)


@router.get("/usage", response=PageOut[UsageOut], summary="Read daily usage")
def usage_index(
    request: HttpRequest,
    first: date,
    last: date,
    company_id: UUID | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[UsageDay]:
    """Days from `first` to `last`, both included, of companies that you may see."""
    viewer = viewer_of(request)
    below = company_get(viewer, company_id) if company_id else None
    found = usage_list(viewer, first=first, last=last, company=below)
    return paginate(found, order=USAGE_ORDER, cursor=cursor, limit=limit)


@router.post("/companies/{company_id}/usage", response=CountedOut, summary="Count today's usage now")
def usage_count(request: HttpRequest, company_id: UUID) -> dict[str, int]:
    """Count the day that is running for a company and below; otherwise it is counted every hour and at its end."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    return {"counted": usage_today_count(company=company, now=read_clock())}
