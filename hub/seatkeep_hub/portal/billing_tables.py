"""Tables of prices and statements."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import Text
from seatkeep_webkit.html import status_badge
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Table

from seatkeep_hub.billing.enums import CorrectionState, Flag, LineKind, StatementState
from seatkeep_hub.billing.lines import line_amount, line_price, line_title, month_words
from seatkeep_hub.billing.models import CorrectionRequest, PriceList, Statement, StatementLine
from seatkeep_hub.billing.money import decimal_of, money_text
from seatkeep_hub.billing.selectors import line_list

CORRECTION_TONES = {"WAITING": "warn", "APPROVED": "ok", "REJECTED": "off"}
STATE_TONES = {"DRAFT": "info", "CLOSED": "ok"}


def _to_look_at(row: Statement) -> SafeString | str:
    if row.state == StatementState.CLOSED or not row.flag_count:
        return ""
    return status_badge("warn", str(row.flag_count))


def _flag_badges(row: StatementLine) -> SafeString:
    badges = ((status_badge("warn", Flag(one).label),) for one in row.flags)
    return format_html_join(" ", "{}", badges)


def _count(name: str, label: Text, *, is_hidden: bool = False) -> Column:
    """A count of a usage line; other lines count nothing."""

    def value(row: StatementLine) -> int | None:
        return getattr(row, name) if row.kind == LineKind.USAGE else None

    return Column(name, label, sort=name, kind="number", value=value, is_hidden=is_hidden)


class StatementTable(Table[Statement]):
    """Statements by month, seller and buyer."""

    name = "statements"
    order = "-month_on"
    opens_pages = True
    search = ("buyer__name__icontains", "seller__name__icontains", "buyer__custom_identifier__istartswith")
    columns = (
        Column("month_on", _("Month"), sort="month_on", value=month_words, is_title=True),
        Column("buyer.name", _("Buyer"), sort="buyer__name"),
        Column("seller.name", _("Seller"), sort="seller__name"),
        Column("state", _("State"), sort="state", badge=STATE_TONES),
        Column("flag_count", _("To look at"), sort="flag_count", value=_to_look_at, export=lambda row: row.flag_count),
        Column("total_text", _("Total"), sort="total_minor", kind="number"),
        Column("closed_at", _("Closed"), sort="closed_at", kind="when", is_hidden=True),
        Column("closed_by", _("Closed by"), is_hidden=True),
    )
    filters = (ChoiceFilter("state", _("State"), StatementState.choices),)
    empty = Empty(
        _("No statements yet."),
        _("Drafts of a month appear by themselves on the first day of the next one."),
        icon="receipt",
        url=reverse_lazy("portal:prices"),
        label=_("Set prices"),
    )

    def row_url(self, row: Statement) -> str:
        """The statement's page."""
        return reverse("portal:statement", args=[row.uid])


class StatementLineTable(Table[StatementLine]):
    """Lines of one statement; each opens its seat record."""

    name = "statement-lines"
    order = "pk"
    search = ("node__company__name__icontains", "product__name__icontains", "reason__icontains")
    per_page = 100
    columns = (
        Column("title", _("For"), value=line_title, is_title=True),
        Column("product.name", _("Product"), sort="product__name"),
        Column("node.license.public_id", _("License"), is_hidden=True),
        _count("ordered", _("Ordered"), is_hidden=True),
        _count("agreed", _("Agreed")),
        _count("device_days", _("Device-days")),
        _count("peak", _("Peak"), is_hidden=True),
        _count("seat_days", _("Billed seat-days")),
        Column("price", _("Price"), value=line_price, kind="number"),
        Column(
            "amount",
            _("Amount"),
            sort="amount_minor",
            kind="number",
            value=line_amount,
            export=lambda row: decimal_of(row.amount_minor, row.statement.currency),
        ),
        Column("reason", _("Why"), is_hidden=True),
        Column("approver", _("Approved by"), is_hidden=True),
        Column("flags", _("To look at"), value=_flag_badges, export=lambda row: ", ".join(row.flags)),
    )
    filters = (ChoiceFilter("kind", _("What"), LineKind.choices),)
    empty = Empty(_("Nothing was sold in this month."), icon="receipt")

    def __init__(self, request: HttpRequest, statement: Statement) -> None:
        """Make it of a statement's lines."""
        super().__init__(request, line_list(statement))

    def row_url(self, row: StatementLine) -> str:
        """The line's seat record."""
        return reverse("portal:statement-line", args=[row.uid])


class PriceTable(Table[PriceList]):
    """Price lists by seller and buyer."""

    name = "prices"
    order = "-valid_from_on"
    search = ("seller__name__icontains", "buyer__name__icontains")
    columns = (
        Column("buyer", _("For"), value=lambda row: row.buyer or _text("All who have no list of their own"),
               is_title=True, sort="buyer__name"),
        Column("seller.name", _("Seller"), sort="seller__name"),
        Column("valid_from_on", _("From"), sort="valid_from_on",
               value=lambda row: date_format(row.valid_from_on, "F Y")),
        Column("currency", _("Currency"), sort="currency"),
        Column("get_basis_display", _("What is billed")),
        Column("get_unit_display", _("Price per")),
        Column("updated_at", _("Changed"), sort="updated_at", kind="when", is_hidden=True),
    )  # fmt: skip
    empty = Empty(
        _("No prices yet."),
        _("A list says what you charge per seat, for one buyer or for all. Without prices, statements only count."),
        icon="coin",
    )

    def row_url(self, row: PriceList) -> str:
        """The list's drawer."""
        return reverse("portal:price-list", args=[row.uid])


class CorrectionTable(Table[CorrectionRequest]):
    """Corrections that wait for a second person, and those that were decided."""

    name = "corrections"
    order = "-created_at"
    search = ("line__statement__buyer__name__icontains", "reason__icontains")
    columns = (
        Column("line.statement.buyer.name", _("Buyer"), sort="line__statement__buyer__name", is_title=True),
        Column("month", _("Month"), value=lambda row: month_words(row.line.statement)),
        Column(
            "amount",
            _("Amount"),
            sort="amount_minor",
            kind="number",
            value=lambda row: money_text(row.amount_minor, row.line.statement.currency),
            export=lambda row: decimal_of(row.amount_minor, row.line.statement.currency),
        ),
        Column("reason", _("Why"), kind="long"),
        Column("enterer", _("Entered by"), sort="enterer"),
        Column("created_at", _("Entered"), sort="created_at", kind="when"),
        Column("state", _("State"), sort="state", badge=CORRECTION_TONES),
        Column("decider", _("Decided by"), is_hidden=True),
        Column(
            "acts", "", template="portal/cells/correction_acts.html", value=lambda row: row.state, export=lambda row: ""
        ),
    )
    filters = (ChoiceFilter("state", _("State"), CorrectionState.choices),)
    empty = Empty(
        _("Nothing to approve."),
        _("Corrections of closed months wait here where the seller wants a second person to approve them."),
        icon="checklist",
        url=reverse_lazy("portal:billing-settings"),
        label=_("Billing settings"),
    )

    def row_url(self, row: CorrectionRequest) -> str:
        """The closed line."""
        return reverse("portal:statement-line", args=[row.line.uid])
