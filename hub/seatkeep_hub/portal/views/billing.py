"""Statements, their lines and seat records, and price lists."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import FormDialog, done
from seatkeep_webkit.paging import paginate
from seatkeep_webkit.tables import Column
from seatkeep_webkit.tables.exports import csv_response

from seatkeep_hub.agreements.day_clocks import Clocks
from seatkeep_hub.billing import rules
from seatkeep_hub.billing.enums import CorrectionState, LineKind, StatementState
from seatkeep_hub.billing.figures import last_day_over
from seatkeep_hub.billing.lines import line_price, month_words
from seatkeep_hub.billing.models import PriceList, Statement
from seatkeep_hub.billing.money import money_text
from seatkeep_hub.billing.prices import price_list_set
from seatkeep_hub.billing.review import months_back, stale_count, statement_totals
from seatkeep_hub.billing.seat_record import record_of, seats_of, terms_changes
from seatkeep_hub.billing.selectors import (
    correction_list,
    layout_list,
    line_get,
    price_list_get,
    price_list_list,
    sellers_writable,
    statement_get,
    statement_list,
)
from seatkeep_hub.billing.services import statement_close, statement_recount
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.errors import CompanyNotFoundError
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.portal.billing_forms import CloseForm, PriceForm, prices_initial, tiers_text
from seatkeep_hub.portal.billing_tables import (
    PriceTable,
    StatementLineTable,
    StatementTable,
)
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.charts import totals_by_month
from seatkeep_hub.portal.viewing import viewer_of

SEATS_SHOWN = 100
RECORD_COLUMNS = (
    Column("seat.shown_name", _("Device")),
    Column("seat.serial", _("Serial number")),
    Column("seat.node.company.name", _("Customer")),
    Column("first_on", _("First day")),
    Column("last_on", _("Last day")),
    Column("days", _("Days"), export=lambda row: len(row.days)),
    Column("events", _("What happened"), export=lambda row: "; ".join(_event_words(one) for one in row.events)),
)


def statements(request: HttpRequest) -> HttpResponseBase:
    """Statements that the viewer may see."""
    viewer = viewer_of(request)
    table = StatementTable(request, statement_list(viewer))
    if table.is_part:
        return table.response("portal/statements.html")
    sellers = sellers_writable(viewer)
    context = {
        "can_write": sellers.exists(),
        "waiting": correction_list(viewer).filter(state=CorrectionState.WAITING).count(),
        "charts": totals_by_month(statement_totals(viewer, since=months_back(read_clock().date(), 12))),
    }
    return table.response("portal/statements.html", context)


def statement(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One statement: what to look at, and its lines."""
    viewer = viewer_of(request)
    found = statement_get(viewer, uid)
    table = StatementLineTable(request, found)
    month = rules.month_of(found.month_on)
    is_over = last_day_over(found.seller, found.buyer, read_clock()) >= month.last
    context = {
        "statement": found,
        "month": month_words(found),
        "is_draft": found.state == StatementState.DRAFT,
        "is_over": is_over,
        "can_write": _is_writable(viewer, found.seller),
        "layouts": layout_list(viewer).filter(seller=found.seller),
        "stale": stale_count(found, now=read_clock()) if found.state == StatementState.DRAFT else 0,
        "unpriced": found.lines.filter(kind=LineKind.USAGE, price_minor=None).count(),
    }
    return table.response("portal/statement.html", context)


def line(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One line: its figures, the devices behind it, and what changed."""
    viewer = viewer_of(request)
    found = line_get(viewer, uid)
    page = paginate(seats_of(found), order=("id",), cursor=request.GET.get("cursor") or None, limit=SEATS_SHOWN)
    closed = found.statement.state == StatementState.CLOSED
    context = {
        "line": found,
        "month": month_words(found.statement),
        "price": line_price(found),
        "amount": money_text(found.amount_minor, found.statement.currency) if found.statement.currency else "",
        "record": record_of(found, page.items),
        "next_cursor": page.next_cursor,
        "changes": terms_changes(found),
        "waiting": found.correction_requests.filter(state=CorrectionState.WAITING),
        "can_correct": closed and _is_writable(viewer, found.statement.seller),
    }
    return detail_response(request, "portal/statement_line.html", context)


def line_csv(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The whole seat record of a line as a file."""
    found = line_get(viewer_of(request), uid)
    rows = record_of(found, seats_of(found))
    return csv_response(f"seats-{found.statement.month_on:%Y-%m}", RECORD_COLUMNS, rows)


@require_POST
def statement_count(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Count a draft again."""
    found = statement_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    statement_recount(statement=found, now=read_clock())
    return done(request, _("Counted again."), url=_url(found))


def statement_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Close a month."""
    found = statement_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    form = CloseForm(request.POST or None, initial={"total_minor": found.total_minor})
    values = {"month": month_words(found), "buyer": found.buyer}
    dialog = FormDialog(
        request,
        form,
        title=_("Close %(month)s for %(buyer)s") % values,
        label=_("Close the month"),
        lines=[
            _("The total is %(total)s.") % {"total": found.total_text},
            _("A closed month never changes. What is wrong later is corrected by a line in the open month."),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: statement_close(actor=actor, statement=found, now=now, **form.cleaned_data),
        said=_("Closed."),
        url=_url(found),
    )


def prices(request: HttpRequest) -> HttpResponseBase:
    """Price lists of the viewer's sellers."""
    viewer = viewer_of(request)
    context = {"can_add": sellers_writable(viewer).exists()}
    return PriceTable(request, price_list_list(viewer)).response("portal/prices.html", context)


def price_list(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One price list."""
    viewer = viewer_of(request)
    found = price_list_get(viewer, uid)
    context = {
        "list": found,
        "minimum": money_text(found.minimum_minor, found.currency) if found.minimum_minor else "",
        "prices": _prices_shown(found),
        "clock": Clocks(found.seller, found.buyer).on(found.valid_from_on),
        "can_write": _is_writable(viewer, found.seller),
    }
    return detail_response(request, "portal/price_list.html", context)


def price_list_new(request: HttpRequest) -> HttpResponse:
    """Make a price list, for all buyers or for the one that the address names."""
    viewer = viewer_of(request)
    buyer = _buyer(viewer, request.GET.get("buyer", ""))
    today = read_clock().date()
    return _price_dialog(request, viewer, buyer, {"valid_from_on": today.replace(day=1)}, _("Set prices"))


def price_list_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a price list; another month makes another list."""
    viewer = viewer_of(request)
    found = price_list_get(viewer, uid)
    company_get(viewer, found.seller.uid, right=Right.BILLING)
    return _price_dialog(request, viewer, found.buyer, prices_initial(found), _("Change prices"))


def _price_dialog(
    request: HttpRequest, viewer: User, buyer: Company | None, initial: dict[str, object], title: str
) -> HttpResponse:
    form = PriceForm(request.POST or None, sellers=sellers_writable(viewer), initial=initial)
    whom = _("For %(buyer)s.") % {"buyer": buyer} if buyer else _("For all buyers that have no list of their own.")
    lines = [whom, _("Seats of one category count together to reach a number. Drafts are counted again.")]
    dialog = FormDialog(request, form, title=title, label=_("Save"), lines=lines)
    return carry_out(
        request,
        dialog,
        lambda actor, now: price_list_set(actor=actor, buyer=buyer, now=now, **form.cleaned_data),
        said=_("Prices saved."),
        url=reverse("portal:prices"),
    )


def _buyer(viewer: User, text: str) -> Company | None:
    if not text:
        return None
    try:
        return company_get(viewer, UUID(text))
    except ValueError:
        raise CompanyNotFoundError from None


def _prices_shown(found: PriceList) -> list[tuple[str, str]]:
    lines: dict[str, list[tuple[int, object]]] = {}
    for one in found.prices.select_related("product"):
        lines.setdefault(one.product.name, []).append((one.from_seats, one.price_minor))
    return [(name, tiers_text(tiers, found.currency)) for name, tiers in lines.items()]  # type: ignore[arg-type]  # of Decimals


def _event_words(event: object) -> str:
    at, kind, actor, detail = (getattr(event, name) for name in ("at", "get_kind_display", "actor", "detail"))
    day: date = at.date()
    return " ".join(filter(None, [day.isoformat(), str(kind()), f"({actor})", detail]))


def _is_writable(viewer: User, seller: Company) -> bool:
    return companies_visible(viewer, right=Right.BILLING).filter(pk=seller.pk).exists()


def _url(found: Statement) -> str:
    return reverse("portal:statement", args=[found.uid])
