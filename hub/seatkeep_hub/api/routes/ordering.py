"""`/orders`, `/planned-changes`, `/terms`: several products at once, later changes, terms of use."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, model_validator
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.selectors import agreement_get
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.license_schemas import LicenseOut, LineIn, Quantity
from seatkeep_hub.api.routes.agreements import AgreementOut, Count
from seatkeep_hub.api.routes.licenses import writable
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.models import BundleProduct, License
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.ordering.enums import PlanState
from seatkeep_hub.ordering.models import PlannedChange, TermsText
from seatkeep_hub.ordering.orders import OrderLine, SeatLine, licenses_order, seats_order
from seatkeep_hub.ordering.plans import change_plan, change_unplan, plan_get, plan_list
from seatkeep_hub.ordering.terms import terms_accept, terms_needed

router = Router(tags=["Orders"])
Note = Annotated[str, Field(max_length=500)]
TermsIds = Annotated[tuple[UUID, ...], Field(max_length=100)]


class OrderIn(Schema):
    """Several bundles for one owner."""

    owner_id: UUID
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=50)]
    accepted_terms: TermsIds = ()


class SeatLineIn(Schema):
    """Seats of one product of a shared license."""

    license_id: UUID
    product: Annotated[str, Field(max_length=60)]
    mode: AgreementMode = AgreementMode.FIXED
    quantity: Count = 0
    on_exceed: OnExceed = OnExceed.FLAG
    warn_above: Count | None = None
    stop_above: Count | None = None


class SeatOrderIn(Schema):
    """Seats of several products for one customer."""

    lines: Annotated[list[SeatLineIn], Field(min_length=1, max_length=50)]
    note: Note = ""


class PlanIn(Schema):
    """Another number of seats from a day on: of an agreement or of a license."""

    license_id: UUID | None = None
    agreement_id: UUID | None = None
    quantity: Quantity
    due_on: date
    note: Note = ""

    @model_validator(mode="after")
    def one_of_both(self) -> PlanIn:
        """Exactly one of the two is named."""
        if (self.license_id is None) == (self.agreement_id is None):
            raise ValueError("Name either license_id or agreement_id.")
        return self


class PlanOut(Schema):
    """A planned change."""

    id: UUID
    license_id: UUID
    agreement_id: UUID | None
    quantity: int
    due_on: date
    state: str
    refusal: str
    note: str
    actor: str
    created_at: datetime
    ended_at: datetime | None

    @staticmethod
    def resolve_id(plan: PlannedChange) -> UUID:
        """The uid is the id outside."""
        return plan.uid

    @staticmethod
    def resolve_license_id(plan: PlannedChange) -> UUID:
        """The license's uid."""
        return plan.license.uid

    @staticmethod
    def resolve_agreement_id(plan: PlannedChange) -> UUID | None:
        """The agreement's uid."""
        return plan.agreement.uid if plan.agreement else None


class TermsOut(Schema):
    """Terms of use in force."""

    id: UUID
    product: str | None
    version: int
    title: str
    text: str

    @staticmethod
    def resolve_id(one: TermsText) -> UUID:
        """The uid is the id outside."""
        return one.uid

    @staticmethod
    def resolve_product(one: TermsText) -> str | None:
        """The product's code; null for the vendor's own terms."""
        return one.product.code if one.product else None


class TermsIn(Schema):
    """Terms that are accepted."""

    terms: TermsIds


class AcceptedOut(Schema):
    """How many were accepted anew."""

    accepted: int


@router.post("/orders", response={201: list[LicenseOut]}, summary="Order several bundles")
@idempotent
def order_new(request: HttpRequest, body: OrderIn) -> Status[list[License]]:
    """All of them or none: one license each, with key and credentials."""
    viewer = viewer_of(request)
    owner = company_get(viewer, body.owner_id, level=AccessLevel.WRITE)
    approval_check(viewer, owner)
    made = licenses_order(
        actor=actor_from_request(request),
        owner=owner,
        lines=[OrderLine(**line.dict()) for line in body.lines],
        accepted_terms=body.accepted_terms,
        now=read_clock(),
    )
    return Status(201, made)


@router.post("/companies/{company_id}/orders", response=list[AgreementOut], summary="Order seats for a customer")
@idempotent
def seats_new(request: HttpRequest, company_id: UUID, body: SeatOrderIn) -> list[Agreement]:
    """Set agreements of several products at once; each shared license grows when more is promised."""
    viewer = viewer_of(request)
    company = company_get(viewer, company_id, level=AccessLevel.WRITE)
    approval_check(viewer, company)
    lines = [
        SeatLine(
            license=license_get(viewer, line.license_id),
            product_code=line.product,
            terms=Terms(line.mode, line.quantity, line.on_exceed, line.warn_above, line.stop_above),
        )
        for line in body.lines
    ]
    actor = actor_from_request(request)
    made = seats_order(actor=actor, company=company, lines=lines, now=read_clock(), note=body.note)
    return [agreement_get(viewer, one.uid) for one in made]


@router.get("/planned-changes", response=PageOut[PlanOut], summary="List planned changes")
def plan_index(
    request: HttpRequest, state: PlanState | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[PlannedChange]:
    """Later changes of seats, the next ones first; those that were done or taken back, too."""
    found = plan_list(viewer_of(request))
    if state:
        found = found.filter(state=state)
    return paginate(found, order=("due_on", "id"), cursor=cursor, limit=limit)


@router.post("/planned-changes", response={201: PlanOut}, summary="Change seats later")
@idempotent
def plan_new(request: HttpRequest, body: PlanIn) -> Status[PlannedChange]:
    """From the first minute of that day in the owner's time zone. Computers that are too many stay and are shown."""
    viewer = viewer_of(request)
    agreement = agreement_get(viewer, body.agreement_id) if body.agreement_id else None
    if agreement is not None:
        company_get(viewer, agreement.company.uid, level=AccessLevel.WRITE)
        license = License.objects.select_related("owner").get(pk=agreement.license_id)
    else:
        license = writable(request, body.license_id or UUID(int=0))
    approval_check(viewer, agreement.company if agreement else license.owner)
    made = change_plan(
        actor=actor_from_request(request),
        license=license,
        agreement=agreement,
        quantity=body.quantity,
        due_on=body.due_on,
        note=body.note,
        now=read_clock(),
    )
    return Status(201, plan_get(viewer, made.uid))


@router.get("/planned-changes/{plan_id}", response=PlanOut, summary="Show a planned change")
def plan_show(request: HttpRequest, plan_id: UUID) -> PlannedChange:
    """One planned change."""
    return plan_get(viewer_of(request), plan_id)


@router.post("/planned-changes/{plan_id}/cancel", response=PlanOut, summary="Take a planned change back")
def plan_cancel(request: HttpRequest, plan_id: UUID) -> PlannedChange:
    """Nothing will change on that day."""
    viewer = viewer_of(request)
    plan = plan_get(viewer, plan_id)
    company = plan.agreement.company if plan.agreement else plan.license.owner
    company_get(viewer, company.uid, level=AccessLevel.WRITE)
    approval_check(viewer, company)
    change_unplan(actor=actor_from_request(request), plan=plan, now=read_clock())
    return plan_get(viewer, plan_id)


@router.get("/companies/{company_id}/terms", response=list[TermsOut], summary="List terms to be accepted")
def terms_index(request: HttpRequest, company_id: UUID, bundle_code: str = "") -> list[Any]:
    """Texts in force that were not accepted for this company; of one bundle, if you name it."""
    company = company_get(viewer_of(request), company_id)
    lines = BundleProduct.objects.filter(bundle__code=bundle_code[:60]) if bundle_code else BundleProduct.objects.all()
    return list(terms_needed(company, set(lines.values_list("product_id", flat=True))))


@router.post("/companies/{company_id}/terms", response=AcceptedOut, summary="Accept terms of use")
def terms_yes(request: HttpRequest, company_id: UUID, body: TermsIn) -> dict[str, int]:
    """Who accepted, and when, is kept."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    actor = actor_from_request(request)
    return {"accepted": terms_accept(actor=actor, company=company, terms_uids=body.terms, now=read_clock())}
