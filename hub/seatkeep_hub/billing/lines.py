"""How a statement's line is told to people, on pages, papers and in files."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from seatkeep_hub.billing.enums import LineKind
from seatkeep_hub.billing.models import Statement, StatementLine
from seatkeep_hub.billing.money import money_text, price_text


def month_words(statement: Statement) -> str:
    """Such as `March 2027`."""
    return date_format(statement.month_on, "F Y")


def line_title(line: StatementLine) -> str:
    """Who used it, or what else the line is."""
    if line.kind == LineKind.USAGE and line.node is not None:
        return str(line.node.company)
    if line.kind == LineKind.CORRECTION and line.corrects is not None:
        return _("Correction of %(month)s") % {"month": month_words(line.corrects.statement)}
    return _("Up to the minimum of the month")


def line_price(line: StatementLine) -> str:
    """The price in the main unit; nothing where a line has none by nature."""
    if line.price_minor is None:
        return _("none") if line.kind == LineKind.USAGE else ""
    return price_text(line.price_minor, line.statement.currency)


def line_amount(line: StatementLine) -> str:
    """The amount with its currency; nothing without prices."""
    return money_text(line.amount_minor, line.statement.currency) if line.statement.currency else ""
