"""`/billing-settings`, `/export-layouts`, `/corrections`: papers, files, sent marks and second persons."""

from __future__ import annotations

import base64
import binascii
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.routes.billing import CorrectionIn
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.billing.branding import logo_set, settings_set
from seatkeep_hub.billing.corrections import correction_approve, correction_reject, correction_request
from seatkeep_hub.billing.enums import CorrectionState, DateFormat, DecimalMark, ExportColumn, Separator
from seatkeep_hub.billing.layouts import LayoutWanted, layout_change, layout_create, layout_remove, layout_usual
from seatkeep_hub.billing.logos import MAX_BYTES
from seatkeep_hub.billing.models import BillingSettings, CorrectionRequest, ExportLayout, Statement, StatementSending
from seatkeep_hub.billing.papers import seat_record_pdf, statement_pdf
from seatkeep_hub.billing.selectors import (
    correction_get,
    correction_list,
    layout_get,
    layout_list,
    line_get,
    lines_for_files,
    settings_get,
    statement_get,
)
from seatkeep_hub.billing.sendings import statements_mark_sent
from seatkeep_hub.billing.statement_files import csv_file, xlsx_file
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.selectors import company_get

router = Router(tags=["Statements"])
MAX_BASE64 = MAX_BYTES * 4 // 3 + 4


class SettingsOut(Schema):
    """How a seller closes its months and what stands on its papers."""

    letterhead: str
    is_second_person_needed: bool
    is_draft_mail_sent: bool
    logo_type: str


class SettingsIn(Schema):
    """All of the settings but the logo."""

    letterhead: Annotated[str, Field(max_length=300)] = ""
    is_second_person_needed: bool = False
    is_draft_mail_sent: bool = True


class LogoIn(Schema):
    """A PNG or SVG of at most 256 kB, in Base64; empty takes the logo away."""

    content: Annotated[str, Field(max_length=MAX_BASE64)]


class LayoutIn(Schema):
    """An export layout; columns in their order, item codes by product code."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    columns: Annotated[list[ExportColumn], Field(min_length=1, max_length=len(ExportColumn))]
    item_codes: Annotated[dict[str, Annotated[str, Field(max_length=60)]], Field(max_length=200, default_factory=dict)]
    separator: Separator = Separator.COMMA
    decimal_mark: DecimalMark = DecimalMark.POINT
    date_format: DateFormat = DateFormat.ISO
    has_heading: bool = True
    has_mark: bool = True

    def wanted(self) -> LayoutWanted:
        """As the service takes it."""
        return LayoutWanted(**self.dict())


class LayoutNewIn(LayoutIn):
    """A new layout of a seller."""

    seller_id: UUID


class LayoutOut(Schema):
    """An export layout."""

    id: UUID
    seller_id: UUID
    name: str
    columns: list[str]
    item_codes: dict[str, str]
    separator: str
    decimal_mark: str
    date_format: str
    has_heading: bool
    has_mark: bool

    @staticmethod
    def resolve_id(row: ExportLayout) -> UUID:
        """The uid is the id outside."""
        return row.uid

    @staticmethod
    def resolve_seller_id(row: ExportLayout) -> UUID:
        """The seller's uid."""
        return row.seller.uid


class SendingIn(Schema):
    """Who got it; `is_again` where it is meant to be sent to the same receiver once more."""

    sent_to: Annotated[str, Field(min_length=1, max_length=100)]
    layout_name: Annotated[str, Field(max_length=100)] = ""
    is_again: bool = False


class SendingOut(Schema):
    """A sent mark."""

    id: UUID
    sent_to: str
    layout: str
    is_again: bool
    sender: str
    sent_at: datetime

    @staticmethod
    def resolve_id(row: StatementSending) -> UUID:
        """The uid is the id outside."""
        return row.uid


class CorrectionOut(Schema):
    """A correction that waits for a second person, or was decided; signed minor units."""

    id: UUID
    line_id: UUID
    month_on: date
    amount_minor: int
    currency: str
    reason: str
    state: CorrectionState
    enterer: str
    decider: str
    decided_at: datetime | None
    made_id: UUID | None

    @staticmethod
    def resolve_id(row: CorrectionRequest) -> UUID:
        """The uid is the id outside."""
        return row.uid

    @staticmethod
    def resolve_line_id(row: CorrectionRequest) -> UUID:
        """The closed line."""
        return row.line.uid

    @staticmethod
    def resolve_month_on(row: CorrectionRequest) -> date:
        """The closed month."""
        return row.line.statement.month_on

    @staticmethod
    def resolve_currency(row: CorrectionRequest) -> str:
        """The closed month's currency."""
        return row.line.statement.currency

    @staticmethod
    def resolve_made_id(row: CorrectionRequest) -> UUID | None:
        """The line that it became."""
        return row.made.uid if row.made else None


@router.get("/companies/{company_id}/billing-settings", response=SettingsOut, summary="Show billing settings")
def settings_show(request: HttpRequest, company_id: UUID) -> BillingSettings:
    """How a seller closes its months."""
    return settings_get(company_get(viewer_of(request), company_id, right=Right.PRICES))


@router.put("/companies/{company_id}/billing-settings", response=SettingsOut, summary="Set billing settings")
def settings_put(request: HttpRequest, company_id: UUID, body: SettingsIn) -> BillingSettings:
    """Set them all."""
    seller = company_get(viewer_of(request), company_id, right=Right.BILLING)
    return settings_set(actor=actor_from_request(request), seller=seller, now=read_clock(), **body.dict())


@router.put("/companies/{company_id}/billing-settings/logo", response=SettingsOut, summary="Set the logo of papers")
def logo_put(request: HttpRequest, company_id: UUID, body: LogoIn) -> BillingSettings:
    """Keep a logo, cleaned of everything but its picture."""
    seller = company_get(viewer_of(request), company_id, right=Right.BILLING)
    try:
        content = base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(fields={"content": ["Base64."]}) from None
    return logo_set(actor=actor_from_request(request), seller=seller, content=content, now=read_clock())


@router.get("/export-layouts", response=PageOut[LayoutOut], summary="List export layouts")
def layout_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[ExportLayout]:
    """Layouts of sellers whose prices you may see."""
    return paginate(layout_list(viewer_of(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/export-layouts", response={200: LayoutOut}, summary="Save an export layout")
@idempotent
def layout_post(request: HttpRequest, body: LayoutNewIn) -> ExportLayout:
    """Columns, item codes and the form of a file, for one seller."""
    seller = company_get(viewer_of(request), body.seller_id, right=Right.BILLING)
    wanted = LayoutWanted(**body.dict(exclude={"seller_id"}))
    return layout_create(actor=actor_from_request(request), seller=seller, wanted=wanted, now=read_clock())


@router.get("/export-layouts/{layout_id}", response=LayoutOut, summary="Show an export layout")
def layout_show(request: HttpRequest, layout_id: UUID) -> ExportLayout:
    """One layout."""
    return layout_get(viewer_of(request), layout_id)


@router.put("/export-layouts/{layout_id}", response=LayoutOut, summary="Change an export layout")
def layout_put(request: HttpRequest, layout_id: UUID, body: LayoutIn) -> ExportLayout:
    """Set all of it."""
    found = layout_get(viewer_of(request), layout_id, right=Right.BILLING)
    return layout_change(actor=actor_from_request(request), layout=found, wanted=body.wanted(), now=read_clock())


@router.delete("/export-layouts/{layout_id}", response={204: None}, summary="Remove an export layout")
def layout_delete(request: HttpRequest, layout_id: UUID) -> Status[None]:
    """Files that were written and marks of what was sent stay."""
    found = layout_get(viewer_of(request), layout_id, right=Right.BILLING)
    layout_remove(actor=actor_from_request(request), layout=found, now=read_clock())
    return Status(204, None)


@router.get("/statements/{statement_id}/file", summary="Download a statement")
def statement_download(
    request: HttpRequest,
    statement_id: UUID,
    form: Literal["pdf", "csv", "xlsx"] = "pdf",
    layout_id: UUID | None = None,
) -> HttpResponseBase:
    """As PDF, or its lines as CSV or XLSX in the form of a layout."""
    viewer = viewer_of(request)
    found = statement_get(viewer, statement_id)
    name = f"statement-{found.month_on:%Y-%m}-{found.uid.hex[-6:]}"
    if form == "pdf":
        return _pdf(name, statement_pdf(found, now=read_clock()))
    layout = layout_get(viewer, layout_id) if layout_id else layout_usual(found.seller)
    write = csv_file if form == "csv" else xlsx_file
    return write(name, layout, lines_for_files(Statement.objects.filter(pk=found.pk)))


@router.get("/statement-lines/{line_id}/seat-record.pdf", summary="Download a line's seat record")
def line_download(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """As PDF; `/seats` gives the same as data."""
    found = line_get(viewer_of(request), line_id)
    return _pdf(f"seats-{found.statement.month_on:%Y-%m}", seat_record_pdf(found, now=read_clock()))


@router.get("/statements/{statement_id}/sendings", response=list[SendingOut], summary="List sent marks")
def sending_index(request: HttpRequest, statement_id: UUID) -> list[StatementSending]:
    """To whom a statement was sent, the last first; its seller's matter."""
    found = statement_get(viewer_of(request), statement_id)
    company_get(viewer_of(request), found.seller.uid, right=Right.PRICES)
    return list(found.sendings.all()[:1000])


@router.post("/statements/{statement_id}/sendings", response={200: SendingOut}, summary="Mark a statement as sent")
@idempotent
def sending_new(request: HttpRequest, statement_id: UUID, body: SendingIn) -> StatementSending:
    """Refused where this receiver got it before, unless `is_again` is said."""
    found = statement_get(viewer_of(request), statement_id, level=AccessLevel.WRITE)
    actor, now = actor_from_request(request), read_clock()
    return statements_mark_sent(actor=actor, statements=[found], now=now, **body.dict())[0]


@router.get("/corrections", response=PageOut[CorrectionOut], summary="List corrections to approve")
def correction_index(
    request: HttpRequest, state: CorrectionState | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[CorrectionRequest]:
    """Corrections that wait for a second person, or were decided."""
    found = correction_list(viewer_of(request))
    return paginate(found.filter(state=state) if state else found, order=("id",), cursor=cursor, limit=limit)


@router.post(
    "/statement-lines/{line_id}/correction-requests", response={200: CorrectionOut}, summary="Ask for a correction"
)
@idempotent
def correction_new(request: HttpRequest, line_id: UUID, body: CorrectionIn) -> CorrectionRequest:
    """Enter a correction of a closed line that somebody else approves."""
    viewer = viewer_of(request)
    line = line_get(viewer, line_id)
    company_get(viewer, line.statement.seller.uid, right=Right.BILLING)
    actor = actor_from_request(request)
    return correction_request(actor=actor, line=line, now=read_clock(), **body.dict())


@router.post("/corrections/{correction_id}/approve", response=CorrectionOut, summary="Approve a correction")
def correction_yes(request: HttpRequest, correction_id: UUID) -> CorrectionRequest:
    """It becomes a line of the open month; refused to who entered it."""
    viewer = viewer_of(request)
    found = correction_get(viewer, correction_id, right=Right.BILLING)
    correction_approve(actor=actor_from_request(request), request=found, now=read_clock())
    return correction_get(viewer, correction_id)


@router.post("/corrections/{correction_id}/reject", response=CorrectionOut, summary="Reject a correction")
def correction_no(request: HttpRequest, correction_id: UUID) -> CorrectionRequest:
    """Nothing is billed."""
    viewer = viewer_of(request)
    found = correction_get(viewer, correction_id, right=Right.BILLING)
    correction_reject(actor=actor_from_request(request), request=found, now=read_clock())
    return correction_get(viewer, correction_id)


def _pdf(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response
