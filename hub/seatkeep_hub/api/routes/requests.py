"""`/requests`: a managed MSP that is not trusted asks, its manager approves or rejects."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.company_schemas import Email, Name, OwnNumber, Tags
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.services import MAX_QUANTITY
from seatkeep_hub.msp.commands import command_words
from seatkeep_hub.msp.enums import RequestKind, RequestState
from seatkeep_hub.msp.errors import RequestNotFoundError
from seatkeep_hub.msp.models import Request
from seatkeep_hub.msp.requests import (
    may_cancel,
    may_decide,
    request_approve,
    request_cancel,
    request_get,
    request_list,
    request_make,
    request_reject,
    requests_to_decide,
)

router = Router(tags=["Requests"])
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Text = Annotated[str, Field(max_length=500)]


class WantedBundle(Schema):
    """A bundle of an order."""

    bundle_code: Annotated[str, Field(max_length=60)]
    quantity: Quantity


class WantedOrder(Schema):
    """Bundles to be ordered for `about_id`."""

    lines: Annotated[list[WantedBundle], Field(min_length=1, max_length=50)]
    accepted_terms: Annotated[list[UUID], Field(max_length=100)] = Field(default_factory=list)


class WantedSeats(Schema):
    """Another number of ordered seats."""

    license: UUID
    quantity: Quantity
    note: Text = ""


class WantedAgreement(Schema):
    """What a customer, `about_id`, shall agree to."""

    license: UUID
    product_code: Annotated[str, Field(max_length=60)]
    mode: AgreementMode
    quantity: Annotated[int, Field(ge=0, le=MAX_QUANTITY)] = 0
    on_exceed: OnExceed = OnExceed.FLAG
    warn_above: Annotated[int, Field(ge=0, le=MAX_QUANTITY)] | None = None
    stop_above: Annotated[int, Field(ge=0, le=MAX_QUANTITY)] | None = None


class WantedCustomer(Schema):
    """A customer below `about_id`."""

    name: Name
    email: Email = ""
    custom_identifier: OwnNumber = ""
    tags: Tags = Field(default_factory=list)
    takes_seats: bool = True


class RequestIn(Schema):
    """What is asked for: the one of `order`, `seats`, `agreement`, `customer` that belongs to `kind`."""

    kind: RequestKind
    about_id: UUID
    order: WantedOrder | None = None
    seats: WantedSeats | None = None
    agreement: WantedAgreement | None = None
    customer: WantedCustomer | None = None
    reason: Text = ""


class AnswerIn(Schema):
    """What to say with the answer."""

    answer: Text = ""


class RequestOut(Schema):
    """A request; `outcome_id` is what was made or changed when it was approved."""

    id: UUID
    company_id: UUID
    about_id: UUID
    kind: str
    words: str
    command: dict[str, Any]
    reason: str
    state: str
    requester: str
    decider: str
    answer: str
    outcome_id: UUID | None
    created_at: datetime
    decided_at: datetime | None

    @staticmethod
    def resolve_id(request: Request) -> UUID:
        """The uid is the id outside."""
        return request.uid

    @staticmethod
    def resolve_company_id(request: Request) -> UUID:
        """Who asked."""
        return request.company.uid

    @staticmethod
    def resolve_about_id(request: Request) -> UUID:
        """For whom."""
        return request.about.uid

    @staticmethod
    def resolve_words(request: Request) -> str:
        """In one line."""
        return command_words(request.kind, request.about, request.command)

    @staticmethod
    def resolve_outcome_id(request: Request) -> UUID | None:
        """What was made."""
        return request.outcome


@router.get("/requests", response=PageOut[RequestOut], summary="List requests")
def request_index(
    request: HttpRequest,
    state: RequestState | None = None,
    for_me: bool = False,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[Request]:
    """Requests of companies that you may see, the newest first; with `for_me` those that wait for your answer."""
    viewer = viewer_of(request)
    found = requests_to_decide(viewer) if for_me else request_list(viewer)
    return paginate(found.filter(state=state) if state else found, order=("-id",), cursor=cursor, limit=limit)


@router.post("/requests", response={201: RequestOut}, summary="Ask for approval")
@idempotent
def request_new(request: HttpRequest, body: RequestIn) -> Status[Request]:
    """Ask your manager for what you may not do yourself (`approval_needed`). It is tried, so that it can be done."""
    viewer = viewer_of(request)
    about = company_get(viewer, body.about_id, level=AccessLevel.WRITE)
    made = request_make(
        viewer=viewer,
        actor=actor_from_request(request),
        kind=body.kind,
        about=about,
        command=_command(body),
        reason=body.reason,
        now=read_clock(),
    )
    return Status(201, made)


@router.get("/requests/{request_id}", response=RequestOut, summary="Show a request")
def request_show(request: HttpRequest, request_id: UUID) -> Request:
    """One request."""
    return request_get(viewer_of(request), request_id)


@router.post("/requests/{request_id}/approve", response=RequestOut, summary="Approve a request")
@idempotent
def request_yes(request: HttpRequest, request_id: UUID, body: AnswerIn) -> Request:
    """Carry it out, in your name and in one transaction with the answer. Approving twice does it once."""
    found = _decidable(request, request_id)
    return request_approve(actor=actor_from_request(request), request=found, answer=body.answer, now=read_clock())


@router.post("/requests/{request_id}/reject", response=RequestOut, summary="Reject a request")
def request_no(request: HttpRequest, request_id: UUID, body: AnswerIn) -> Request:
    """Say no."""
    found = _decidable(request, request_id)
    return request_reject(actor=actor_from_request(request), request=found, answer=body.answer, now=read_clock())


@router.post("/requests/{request_id}/cancel", response=RequestOut, summary="Take a request back")
def request_back(request: HttpRequest, request_id: UUID) -> Request:
    """Take back what you, or somebody of your company, asked for."""
    viewer = viewer_of(request)
    found = request_get(viewer, request_id)
    if not may_cancel(viewer, found):
        raise RequestNotFoundError
    return request_cancel(actor=actor_from_request(request), request=found, now=read_clock())


def _decidable(request: HttpRequest, uid: UUID) -> Request:
    """A request that the caller may answer: others do not see that there is something to answer."""
    viewer = viewer_of(request)
    found = request_get(viewer, uid)
    if not may_decide(viewer, found):
        raise RequestNotFoundError
    return found


def _command(body: RequestIn) -> dict[str, Any]:
    name = body.kind.value.lower()
    given: Schema | None = getattr(body, name)
    if given is None:
        raise InvalidError(fields={name: ["Needed for this kind of request."]})
    command = given.model_dump(mode="json")
    return {**command, "kind": "CUSTOMER"} if body.kind == RequestKind.CUSTOMER else command
