"""`/seats`: devices. People and integrations see their companies'; a linked console sees its own subtree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.agreements.selectors import overused_seats
from seatkeep_hub.api.auth import anyone_of, viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.api.wire import micros
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.selectors import Viewer, companies_visible, company_get
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.rules import lease_mode
from seatkeep_hub.licensing.seats import seat_rename, seats_deactivate, seats_resume
from seatkeep_hub.licensing.selectors import license_usage, seat_get, seat_list

router = Router(tags=["Seats"])
SeatIds = Annotated[list[UUID], Field(min_length=1, max_length=200)]


class SeatOut(Schema):
    """One device's share of a license (docs/reference/wire.md, section 5)."""

    id: UUID
    product: str
    license_public_id: str
    company_id: UUID
    device_name: str
    fingerprint: str
    key_thumbprint: str
    activated_at_us: int
    last_seen_at_us: int
    mode: str
    state: str

    @staticmethod
    def resolve_id(seat: Seat) -> UUID:
        """The uid is the id outside."""
        return seat.uid

    @staticmethod
    def resolve_product(seat: Seat) -> str:
        """The product's code."""
        return seat.product.code

    @staticmethod
    def resolve_license_public_id(seat: Seat) -> str:
        """The license that it draws from."""
        return seat.license.public_id

    @staticmethod
    def resolve_company_id(seat: Seat) -> UUID:
        """The customer's uid."""
        return seat.node.company.uid

    @staticmethod
    def resolve_device_name(seat: Seat) -> str:
        """The name that people see."""
        return seat.shown_name

    @staticmethod
    def resolve_activated_at_us(seat: Seat) -> int:
        """Microseconds since 1970."""
        return micros(seat.activated_at)

    @staticmethod
    def resolve_last_seen_at_us(seat: Seat) -> int:
        """Microseconds since 1970."""
        return micros(seat.last_seen_at)


class SeatsIn(Schema):
    """At most 200 seats."""

    seats: SeatIds


class StoppedOut(Schema):
    """How many were protected until now."""

    stopped: int


class ResumedOut(Schema):
    """What became of each seat: `resumed`, `unchanged` or why not."""

    results: dict[str, str]


class SeatFilter(Schema):
    """Which seats: of one company and below, product, state, silent since before an instant, more than agreed."""

    company: UUID | None = None
    product: Annotated[str, Field(max_length=60)] = ""
    state: SeatState | None = None
    seen_before: datetime | None = None
    is_overused: bool = False

    def narrow(self, seats: QuerySet[Seat]) -> QuerySet[Seat]:
        """Those that are meant."""
        conditions = [
            Q(product__code=self.product) if self.product else Q(),
            Q(state=self.state) if self.state else Q(),
            Q(last_seen_at__lt=self.seen_before) if self.seen_before else Q(),
            overused_seats() if self.is_overused else Q(),
        ]
        return seats.filter(*conditions)


class NameIn(Schema):
    """A name of its own; empty shows the device's again."""

    name: Annotated[str, Field(max_length=200)]


@router.get("/seats", response=PageOut[SeatOut], summary="List seats")
def seat_index(
    request: HttpRequest,
    wanted: Query[SeatFilter],
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[Seat]:
    """Seats of the companies that you may see; of one company and below with `company`."""
    viewer = anyone_of(request)
    below = company_get(viewer, wanted.company) if wanted.company else None
    found = wanted.narrow(seat_list(viewer, company=below))
    page = paginate(found, order=("id",), cursor=cursor, limit=limit)
    _modes_note(page.items)
    return page


# Before `/seats/{seat_id}`, which would match these addresses too.
@router.post("/seats/stop", response=StoppedOut, summary="Stop protecting computers")
def seats_stop(request: HttpRequest, body: SeatsIn) -> dict[str, int]:
    """Free the seats at once; can be undone for 24 hours. Seats that are not yours are not counted."""
    uids = _own(viewer_of(request), body.seats)
    return {"stopped": seats_deactivate(actor=actor_from_request(request), seat_uids=uids, now=read_clock())}


@router.post("/seats/resume", response=ResumedOut, summary="Protect computers again")
def seats_again(request: HttpRequest, body: SeatsIn) -> dict[str, Any]:
    """Undo "stop protecting" within 24 hours."""
    uids = _own(viewer_of(request), body.seats)
    answers = seats_resume(actor=actor_from_request(request), seat_uids=uids, now=read_clock())
    return {"results": {str(uid): answer.code for uid, answer in zip(uids, answers, strict=True)}}


@router.get("/seats/{seat_id}", response=SeatOut, summary="Show a seat")
def seat_show(request: HttpRequest, seat_id: UUID) -> Seat:
    """One seat."""
    return _one(anyone_of(request), seat_id)


@router.put("/seats/{seat_id}/name", response=SeatOut, summary="Name a computer")
def seat_name(request: HttpRequest, seat_id: UUID, body: NameIn) -> Seat:
    """Give a computer a name of its own."""
    viewer = viewer_of(request)
    seat = seat_get(viewer, seat_id)
    company_get(viewer, seat.node.company.uid, right=Right.SEATS)
    seat_rename(actor=actor_from_request(request), seat=seat, name=body.name, now=read_clock())
    return _one(viewer, seat_id)


def _own(viewer: Viewer, wanted: list[UUID]) -> list[UUID]:
    writable: QuerySet[Seat] = seat_list(viewer).filter(node__company__in=companies_visible(viewer, right=Right.SEATS))
    return list(writable.filter(uid__in=wanted).order_by("pk").values_list("uid", flat=True))


def _one(viewer: Viewer, uid: UUID) -> Seat:
    seat = seat_get(viewer, uid)
    _modes_note([seat])
    return seat


def _modes_note(seats: Sequence[Seat]) -> None:
    """Note each seat's mode as its lease says it: one look per license and product, not per seat."""
    licenses = {seat.license_id: seat.license for seat in seats}
    modes = {
        (license_id, line.product.pk): lease_mode(license.kind, used=line.used, ordered=line.ordered)
        for license_id, license in licenses.items()
        for line in license_usage(license)
    }
    for seat in seats:
        seat.mode = modes.get((seat.license_id, seat.product_id), "NORMAL")  # type: ignore[attr-defined]  # for SeatOut
