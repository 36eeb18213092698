"""`/price-lists`, `/statements`: what is charged, what a month comes to, and the proof of each line."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.agreements.day_clocks import Clocks
from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.corrections import correction_add
from seatkeep_hub.billing.drafting import statement_draft
from seatkeep_hub.billing.enums import Basis, PriceUnit, Proration, StatementState
from seatkeep_hub.billing.models import PriceList, Statement, StatementLine
from seatkeep_hub.billing.money import MAX_MINOR
from seatkeep_hub.billing.prices import price_list_set
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.billing.seat_record import record_of, seats_of
from seatkeep_hub.billing.selectors import (
    line_get,
    line_list,
    price_list_get,
    price_list_list,
    statement_get,
    statement_list,
)
from seatkeep_hub.billing.services import statement_close, statement_recount
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, company_get

router = Router(tags=["Statements"])
Minor = Annotated[int, Field(ge=-MAX_MINOR, le=MAX_MINOR)]
Rate = Annotated[Decimal, Field(ge=0, le=MAX_MINOR // 1000, max_digits=14, decimal_places=4)]


class TierBody(Schema):
    """The price of all seats from so many of the category on; minor units, up to four decimal places."""

    from_seats: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    price_minor: Rate


class PriceListIn(Schema):
    """What a seller charges from a month on; `buyer_id` null for all that have no list of their own."""

    seller_id: UUID
    buyer_id: UUID | None = None
    valid_from_on: date
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    basis: Basis
    unit: PriceUnit
    proration: Proration = Proration.DAILY
    minimum_minor: Annotated[int, Field(ge=0, le=MAX_MINOR)] = 0
    cut_off: time = time()
    time_zone: Annotated[str, Field(max_length=64)] = ""
    prices: Annotated[dict[str, Annotated[list[TierBody], Field(max_length=20)]], Field(max_length=200)]


class PriceListOut(Schema):
    """A price list; `prices` by product code."""

    id: UUID
    seller_id: UUID
    buyer_id: UUID | None
    valid_from_on: date
    currency: str
    basis: str
    unit: str
    proration: str
    minimum_minor: int
    cut_off: time
    time_zone: str
    prices: dict[str, list[TierBody]]

    @staticmethod
    def resolve_id(row: PriceList) -> UUID:
        """The uid is the id outside."""
        return row.uid

    @staticmethod
    def resolve_seller_id(row: PriceList) -> UUID:
        """The seller's uid."""
        return row.seller.uid

    @staticmethod
    def resolve_buyer_id(row: PriceList) -> UUID | None:
        """The buyer's uid."""
        return row.buyer.uid if row.buyer else None

    @staticmethod
    def resolve_cut_off(row: PriceList) -> time:
        """When a day ends."""
        return Clocks(row.seller, row.buyer).on(row.valid_from_on).cut_off

    @staticmethod
    def resolve_time_zone(row: PriceList) -> str:
        """By whose clock."""
        return Clocks(row.seller, row.buyer).on(row.valid_from_on).time_zone

    @staticmethod
    def resolve_prices(row: PriceList) -> dict[str, list[dict[str, object]]]:
        """Tiers by product code."""
        found: dict[str, list[dict[str, object]]] = {}
        for price in row.prices.all():
            tier = {"from_seats": price.from_seats, "price_minor": price.price_minor}
            found.setdefault(price.product.code, []).append(tier)
        return found


class StatementOut(Schema):
    """A month between a seller and a buyer; amounts in minor units of `currency`."""

    id: UUID
    seller_id: UUID
    buyer_id: UUID
    month_on: date
    state: StatementState
    currency: str
    total_minor: int
    flag_count: int
    counted_at: datetime
    closed_at: datetime | None
    closed_by: str

    @staticmethod
    def resolve_id(row: Statement) -> UUID:
        """The uid is the id outside."""
        return row.uid

    @staticmethod
    def resolve_seller_id(row: Statement) -> UUID:
        """The seller's uid."""
        return row.seller.uid

    @staticmethod
    def resolve_buyer_id(row: Statement) -> UUID:
        """The buyer's uid."""
        return row.buyer.uid


class LineOut(Schema):
    """One line; usage of a share, the rest to the minimum, or a signed correction."""

    id: UUID
    kind: str
    company_id: UUID | None
    license_public_id: str | None
    product: str | None
    days: int
    ordered: int
    agreed: int
    device_days: int
    peak: int
    seat_days: int
    seats: int
    volume: int
    price_minor: Decimal | None
    amount_minor: int
    flags: list[str]
    corrects_id: UUID | None
    reason: str
    enterer: str
    approver: str

    @staticmethod
    def resolve_id(row: StatementLine) -> UUID:
        """The uid is the id outside."""
        return row.uid

    @staticmethod
    def resolve_company_id(row: StatementLine) -> UUID | None:
        """The company that uses the seats."""
        return row.node.company.uid if row.node else None

    @staticmethod
    def resolve_license_public_id(row: StatementLine) -> str | None:
        """The license that was shared."""
        return row.node.license.public_id if row.node else None

    @staticmethod
    def resolve_product(row: StatementLine) -> str | None:
        """The product's code."""
        return row.product.code if row.product else None

    @staticmethod
    def resolve_corrects_id(row: StatementLine) -> UUID | None:
        """The closed line."""
        return row.corrects.uid if row.corrects else None


class SeatEventOut(Schema):
    """What happened to a seat in the month."""

    at: datetime
    kind: str
    actor: str
    detail: str


class SeatDaysOut(Schema):
    """One device of a line, and the days on which it held a seat."""

    seat_id: UUID
    device: str
    serial: str
    company_id: UUID
    first_on: date
    last_on: date
    days: int
    events: list[SeatEventOut]


class DraftIn(Schema):
    """Which month to draft, or to count again."""

    seller_id: UUID
    buyer_id: UUID
    month_on: date


class CloseIn(Schema):
    """The total that was looked at."""

    total_minor: Minor


class CorrectionIn(Schema):
    """A signed amount, and why."""

    amount_minor: Minor
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.get("/price-lists", response=PageOut[PriceListOut], summary="List price lists")
def price_list_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[PriceList]:
    """Price lists of sellers that you may see."""
    found = price_list_list(viewer_of(request)).prefetch_related("prices__product")
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/price-lists", response={200: PriceListOut}, summary="Set prices")
@idempotent
def price_list_new(request: HttpRequest, body: PriceListIn) -> PriceList:
    """Make or change what a seller charges from a month on; drafts are counted again."""
    viewer = viewer_of(request)
    seller = company_get(viewer, body.seller_id, right=Right.BILLING)
    tiers = {code: [Tier(one.from_seats, one.price_minor) for one in several] for code, several in body.prices.items()}
    made = price_list_set(
        actor=actor_from_request(request),
        seller=seller,
        buyer=company_get(viewer, body.buyer_id) if body.buyer_id else None,
        tiers=tiers,
        now=read_clock(),
        **body.dict(exclude={"seller_id", "buyer_id", "prices"}),
    )
    return price_list_get(viewer, made.uid)


@router.get("/statements", response=PageOut[StatementOut], summary="List statements")
def statement_index(
    request: HttpRequest,
    company_id: UUID | None = None,
    month_on: date | None = None,
    state: StatementState | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[Statement]:
    """Statements of sellers that you may see, and closed ones of buyers; of one company as either."""
    viewer = viewer_of(request)
    found = statement_list(viewer, company=company_get(viewer, company_id) if company_id else None)
    found = found.filter(month_on=month_on) if month_on else found
    found = found.filter(state=state) if state else found
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/statements", response={200: StatementOut}, summary="Draft a month")
@idempotent
def statement_new(request: HttpRequest, body: DraftIn) -> Statement:
    """Draft a month between two companies, or count its draft again; drafts appear by themselves at a month's end."""
    viewer = viewer_of(request)
    seller, buyer = _pair(viewer, body)
    made = statement_draft(seller=seller, buyer=buyer, month=rules.month_of(body.month_on), now=read_clock())
    return statement_get(viewer, made.uid)


@router.get("/statements/{statement_id}", response=StatementOut, summary="Show a statement")
def statement_show(request: HttpRequest, statement_id: UUID) -> Statement:
    """One statement."""
    return statement_get(viewer_of(request), statement_id)


@router.get("/statements/{statement_id}/lines", response=PageOut[LineOut], summary="List a statement's lines")
def statement_lines(
    request: HttpRequest, statement_id: UUID, cursor: str | None = None, limit: Limit = 100
) -> Page[StatementLine]:
    """Lines of one statement."""
    found = line_list(statement_get(viewer_of(request), statement_id))
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/statements/{statement_id}/count", response=StatementOut, summary="Count a draft again")
def statement_again(request: HttpRequest, statement_id: UUID) -> Statement:
    """Read the counted days and the prices once more."""
    found = statement_get(viewer_of(request), statement_id, level=AccessLevel.WRITE)
    return statement_recount(statement=found, now=read_clock())


@router.post("/statements/{statement_id}/close", response=StatementOut, summary="Close a month")
@idempotent
def statement_end(request: HttpRequest, statement_id: UUID, body: CloseIn) -> Statement:
    """Freeze a month whose total is the one that you looked at. A closed month never changes."""
    found = statement_get(viewer_of(request), statement_id, level=AccessLevel.WRITE)
    actor = actor_from_request(request)
    return statement_close(actor=actor, statement=found, total_minor=body.total_minor, now=read_clock())


@router.get("/statement-lines/{line_id}/seats", response=PageOut[SeatDaysOut], summary="Show a line's seat record")
def line_seats(request: HttpRequest, line_id: UUID, cursor: str | None = None, limit: Limit = 100) -> dict[str, object]:
    """Devices of a line: first and last day, days counted, and what happened. A page may hold fewer than `limit`."""
    line = line_get(viewer_of(request), line_id)
    page = paginate(seats_of(line), order=("id",), cursor=cursor, limit=limit)
    items = [
        {
            "seat_id": one.seat.uid,
            "device": one.seat.shown_name,
            "serial": one.seat.serial,
            "company_id": one.seat.node.company.uid,
            "first_on": one.first_on,
            "last_on": one.last_on,
            "days": len(one.days),
            "events": one.events,
        }
        for one in record_of(line, page.items)
    ]
    return {"items": items, "next_cursor": page.next_cursor}


@router.post("/statement-lines/{line_id}/corrections", response={200: LineOut}, summary="Correct a closed line")
@idempotent
def line_correct(request: HttpRequest, line_id: UUID, body: CorrectionIn) -> StatementLine:
    """Add a signed line to the open month; you are who approved it."""
    viewer = viewer_of(request)
    line = line_get(viewer, line_id)
    company_get(viewer, line.statement.seller.uid, right=Right.BILLING)
    made = correction_add(actor=actor_from_request(request), line=line, now=read_clock(), **body.dict())
    return line_get(viewer, made.uid)


def _pair(viewer: Viewer, body: DraftIn) -> tuple[Company, Company]:
    seller = company_get(viewer, body.seller_id, right=Right.BILLING)
    return seller, company_get(viewer, body.buyer_id)
