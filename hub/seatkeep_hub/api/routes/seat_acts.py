"""`/seats/runs`, `/seats/questions`, `/seats/silent`, shares and sites: what is done to many computers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import Actor, actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.routes.license_acts import decidable
from seatkeep_hub.api.routes.seats import SeatOut
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import Viewer, companies_visible, company_get
from seatkeep_hub.licensing.models import PoolNode, Seat
from seatkeep_hub.licensing.selectors import license_get, license_list, seat_list
from seatkeep_hub.msp.requests import companies_free
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin, bulk_get
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.ordering.errors import BulkNotFoundError
from seatkeep_hub.ordering.models import BulkRun
from seatkeep_hub.ordering.shares import (
    share_get,
    shares_of,
    shares_spread,
    site_create,
    site_limit_set,
    spread_even_numbers,
    spread_preview,
)
from seatkeep_hub.upkeep.enums import QuestionState
from seatkeep_hub.upkeep.models import SeatQuestion
from seatkeep_hub.upkeep.questions import question_answer, question_get, question_list
from seatkeep_hub.upkeep.stale import stale_rule_clear, stale_rule_of, stale_rule_set, stale_seats

router = Router(tags=["Seats"])
_NOTHING_YOURS = _("None of them exists, or they are not yours.")
Ids = Annotated[list[UUID], Field(min_length=1, max_length=10_000)]
Product = Annotated[str, Field(max_length=60)]


class RunOut(Schema):
    """An act on many things: `results` holds what was refused, and for licenses every item."""

    id: UUID
    kind: str
    state: str
    total: int
    done: int
    succeeded: int
    results: list[list[str]]
    created_at: datetime
    finished_at: datetime | None

    @staticmethod
    def resolve_id(run: BulkRun) -> UUID:
        """The uid is the id outside."""
        return run.uid

    @staticmethod
    def resolve_total(run: BulkRun) -> int:
        """How many items there are."""
        return len(run.items)


class SeatsRunIn(Schema):
    """What is done to which computers; `company_id` and `site` say where they move."""

    act: Annotated[str, Field(pattern="^(stop|move)$")]
    seats: Ids
    company_id: UUID | None = None
    site: Annotated[str, Field(max_length=200)] = ""


class LicensesRunIn(Schema):
    """Suspend many licenses, or take it back."""

    act: Annotated[str, Field(pattern="^(suspend|unsuspend)$")]
    licenses: Ids
    stops_billing: bool = True
    freezes_changes: bool = True
    protection_stops_at: datetime | None = None
    note: Annotated[str, Field(max_length=500)] = ""


class QuestionOut(Schema):
    """A question about a computer."""

    id: UUID
    kind: str
    state: str
    seat_id: UUID
    device_name: str
    other_id: UUID | None
    detail: str
    asked_at: datetime

    @staticmethod
    def resolve_id(one: SeatQuestion) -> UUID:
        """The uid is the id outside."""
        return one.uid

    @staticmethod
    def resolve_seat_id(one: SeatQuestion) -> UUID:
        """The former computer's seat."""
        return one.seat.uid

    @staticmethod
    def resolve_device_name(one: SeatQuestion) -> str:
        """The name that people see."""
        return one.seat.shown_name

    @staticmethod
    def resolve_other_id(one: SeatQuestion) -> UUID | None:
        """The new computer's seat."""
        return one.other.uid if one.other else None


class AnswerIn(Schema):
    """The answer."""

    answer: QuestionState


class StaleRuleIn(Schema):
    """After how many days of silence; null takes the rule away."""

    days: Annotated[int, Field(ge=7, le=730)] | None
    is_automatic: bool = False


class StaleRuleOut(Schema):
    """The rule that holds for a company, its own or from above; nulls where none does."""

    days: int | None
    is_automatic: bool
    company_id: UUID | None


class ShareOut(Schema):
    """A customer's or a site's share of one product of a license."""

    id: UUID
    company_id: UUID
    site: str
    promised: int
    used: int
    limit: int | None


class LimitIn(Schema):
    """The most seats of a site; null for as many as its customer has."""

    limit: Annotated[int, Field(ge=0, le=1_000_000)] | None


class SpreadIn(Schema):
    """Numbers by share, or a total that is spread evenly over customers with a fixed agreement."""

    product: Product
    numbers: Annotated[dict[UUID, Annotated[int, Field(ge=0, le=1_000_000)]], Field(max_length=5_000)] = {}  # noqa: RUF012
    total: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    is_preview: bool = False


class SpreadOut(Schema):
    """One share before and after; `over` computers more than that are in use and stay."""

    id: UUID
    before: int
    after: int
    used: int
    over: int


class SiteIn(Schema):
    """A site of a customer."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("/seats/runs", response={202: RunOut}, summary="Stop or move any number of computers")
@idempotent
def seats_run_new(request: HttpRequest, body: SeatsRunIn) -> Status[BulkRun]:
    """A job with progress; computers that are not yours are left out."""
    viewer = viewer_of(request)
    own = seat_list(viewer).filter(uid__in=body.seats, node__company__in=companies_visible(viewer, right=Right.SEATS))
    arguments: dict[str, str] = {}
    if body.act == "move":
        place = company_get(viewer, body.company_id or UUID(int=0), right=Right.SEATS)
        arguments = {"company": str(place.uid), "site": body.site}
    kind = BulkKind.SEATS_MOVE if body.act == "move" else BulkKind.SEATS_STOP
    uids = list(own.order_by("pk").values_list("uid", flat=True))
    return Status(202, begin(request, viewer, kind, uids, arguments))


@router.get("/seats/runs/{run_id}", response=RunOut, summary="Show the progress")
def seats_run_show(request: HttpRequest, run_id: UUID) -> BulkRun:
    """What became of each; only for whoever began it."""
    return bulk_get(viewer_of(request), run_id)


@router.post("/licenses/runs", response={202: RunOut}, summary="Suspend many licenses")
@idempotent
def licenses_run_new(request: HttpRequest, body: LicensesRunIn) -> Status[BulkRun]:
    """Each by itself, with its result; licenses that you may not change alone are left out."""
    viewer = viewer_of(request)
    own = license_list(viewer).filter(uid__in=body.licenses, owner__in=companies_free(viewer))
    stops_at = body.protection_stops_at
    arguments = {
        **body.dict(include={"stops_billing", "freezes_changes", "note"}),
        "protection_stops_at": stops_at.isoformat() if stops_at else None,
    }
    kind = BulkKind.LICENSES_SUSPEND if body.act == "suspend" else BulkKind.LICENSES_UNSUSPEND
    uids = list(own.order_by("pk").values_list("uid", flat=True))
    return Status(202, begin(request, viewer, kind, uids, arguments))


@router.get("/licenses/runs/{run_id}", response=RunOut, summary="Show the progress")
def licenses_run_show(request: HttpRequest, run_id: UUID) -> BulkRun:
    """What became of each; only for whoever began it."""
    return bulk_get(viewer_of(request), run_id)


@router.get("/seats/questions", response=PageOut[QuestionOut], summary="List questions about computers")
def question_index(
    request: HttpRequest, state: QuestionState | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[SeatQuestion]:
    """Copied computers and changed hardware."""
    found = question_list(viewer_of(request))
    return paginate(found.filter(state=state) if state else found, order=("-id",), cursor=cursor, limit=limit)


@router.post("/seats/questions/{question_id}/answer", response=QuestionOut, summary="Answer a question")
def question_say(request: HttpRequest, question_id: UUID, body: AnswerIn) -> SeatQuestion:
    """HARDWARE: REPLACED stops the former seat, KEPT the new one, BOTH neither. CLONE: KEPT, or REPLACED stops it."""
    viewer = viewer_of(request)
    question = question_get(viewer, question_id)
    company_get(viewer, question.seat.node.company.uid, right=Right.SEATS)
    question_answer(actor=actor_from_request(request), question=question, answer=body.answer, now=read_clock())
    return question_get(viewer, question_id)


@router.get("/seats/silent", response=PageOut[SeatOut], summary="List silent computers")
def silent_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[Seat]:
    """In use, and not heard of for as long as the nearest rule says; 30 days without one."""
    found = stale_seats(viewer_of(request), now=read_clock())
    page = paginate(found, order=("last_seen_at", "id"), cursor=cursor, limit=limit)
    for seat in page.items:
        seat.mode = "NORMAL"  # type: ignore[attr-defined]  # for SeatOut
    return page


@router.get("/companies/{company_id}/silent-rule", response=StaleRuleOut, summary="Show the rule for silent computers")
def stale_rule_show(request: HttpRequest, company_id: UUID) -> dict[str, Any]:
    """The nearest one above holds where a company has none."""
    return _rule(company_get(viewer_of(request), company_id))


@router.put("/companies/{company_id}/silent-rule", response=StaleRuleOut, summary="Set the rule for silent computers")
def stale_rule_put(request: HttpRequest, company_id: UUID, body: StaleRuleIn) -> dict[str, Any]:
    """Propose their seats in the month's review, or release them by themselves."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    actor, now = actor_from_request(request), read_clock()
    if body.days is None:
        stale_rule_clear(actor=actor, company=company, now=now)
    else:
        stale_rule_set(actor=actor, company=company, days=body.days, is_automatic=body.is_automatic, now=now)
    return _rule(company)


@router.get("/licenses/{license_id}/shares", response=list[ShareOut], summary="List shares of a license")
def share_index(request: HttpRequest, license_id: UUID, product: Product) -> list[dict[str, Any]]:
    """Customers and their sites, of one product."""
    viewer = viewer_of(request)
    return [_share(node) for node in shares_of(viewer, license_get(viewer, license_id), product)]


@router.post("/licenses/{license_id}/shares", response=list[SpreadOut], summary="Spread seats among shares")
def share_spread(request: HttpRequest, license_id: UUID, body: SpreadIn) -> list[dict[str, Any]]:
    """By hand or evenly; with `is_preview` nothing is written. The license grows when more is promised."""
    viewer, license = viewer_of(request), decidable(request, license_id)
    nodes = list(shares_of(viewer, license, body.product))
    numbers = spread_even_numbers(nodes, body.total) if body.total else body.numbers
    if body.is_preview:
        changes = spread_preview(nodes, numbers)
    else:
        actor = actor_from_request(request)
        changes = shares_spread(
            actor=actor, license=license, product_code=body.product, numbers=numbers, now=read_clock()
        )
    return [
        {"id": one.node.uid, "before": one.before, "after": one.after, "used": one.node.used, "over": one.over}
        for one in changes
    ]


@router.put("/licenses/{license_id}/shares/{share_id}/limit", response=ShareOut, summary="Limit a site")
def site_limit(request: HttpRequest, license_id: UUID, share_id: UUID, body: LimitIn) -> dict[str, Any]:
    """How many seats a site may take at most; computers that are more already keep theirs."""
    viewer, license = viewer_of(request), decidable(request, license_id)
    site = share_get(viewer, license, share_id)
    company_get(viewer, site.company.uid, level=AccessLevel.WRITE)
    site_limit_set(actor=actor_from_request(request), site=site, limit=body.limit, now=read_clock())
    return _share(share_get(viewer, license, share_id))


@router.post("/companies/{company_id}/sites", response={201: list[ShareOut]}, summary="Make a site of a customer")
@idempotent
def site_make(request: HttpRequest, company_id: UUID, body: SiteIn) -> Status[list[dict[str, Any]]]:
    """At each share of the customer; shares that have it keep it."""
    company = company_get(viewer_of(request), company_id, level=AccessLevel.WRITE)
    made = site_create(actor=actor_from_request(request), company=company, name=body.name, now=read_clock())
    return Status(201, [_share(node) for node in made])


def begin(request: HttpRequest, viewer: Viewer, kind: BulkKind, uids: list[UUID], arguments: dict[str, Any]) -> BulkRun:
    """Begin an act on many things as a job.

    Raises:
        BulkNotFoundError: Nothing of it is the caller's.
    """
    if not uids:
        raise BulkNotFoundError(_NOTHING_YOURS)
    run = bulk_begin(
        actor=actor_from_request(request),
        kind=kind,
        items=uids,
        arguments=arguments,
        user=viewer if isinstance(viewer, User) else None,
        company=_company(viewer),
        now=read_clock(),
    )
    jobs.bulk.defer(uid=str(run.uid))
    return run


def _company(viewer: Viewer) -> Company | None:
    uid = viewer.company_uid if isinstance(viewer, Actor) else None
    return Company.objects.filter(uid=uid).first() if uid else None


def _rule(company: Company) -> dict[str, Any]:
    rule = stale_rule_of(company)
    if rule is None:
        return {"days": None, "is_automatic": False, "company_id": None}
    return {"days": rule.days, "is_automatic": rule.is_automatic, "company_id": rule.company.uid}


def _share(node: PoolNode) -> dict[str, Any]:
    return {
        "id": node.uid,
        "company_id": node.company.uid,
        "site": node.name,
        "promised": node.reserved,
        "used": node.used,
        "limit": node.limit_wanted,
    }
