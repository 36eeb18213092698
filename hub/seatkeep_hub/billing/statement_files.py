"""Lines of statements as files, in the form of a layout; no cell is a formula, no amount a binary fraction."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from seatkeep_webkit.tables import Column
from seatkeep_webkit.tables.exports import defused, xlsx_response

from seatkeep_hub.billing import rules
from seatkeep_hub.billing.enums import ExportColumn, LineKind
from seatkeep_hub.billing.lines import line_title
from seatkeep_hub.billing.models import ExportLayout, StatementLine
from seatkeep_hub.billing.money import decimal_of

Cell = str | int | Decimal | date | None
QUANTITY_PLACES = Decimal("0.0001")


def csv_file(name: str, layout: ExportLayout, lines: Iterable[StatementLine]) -> HttpResponseBase:
    """Stream lines as CSV in UTF-8, as the layout says."""
    response = StreamingHttpResponse(csv_rows(layout, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_file(name: str, layout: ExportLayout, lines: Iterable[StatementLine]) -> HttpResponseBase:
    """Lines as XLSX: the layout's columns and item codes; numbers and days are such, not text."""
    columns = [Column(one, ExportColumn(one).label, export=_reader(one, layout)) for one in layout.columns]
    return xlsx_response(name, columns, lines)


def csv_rows(layout: ExportLayout, lines: Iterable[StatementLine]) -> Iterator[str]:
    """The rows of a CSV file, each with its line end."""
    writer = csv.writer(_Echo(), delimiter=layout.separator)
    if layout.has_mark:
        yield "\ufeff"
    if layout.has_heading:
        yield writer.writerow([str(ExportColumn(one).label) for one in layout.columns])
    for line in lines:
        yield writer.writerow([_text(cell_of(one, line, layout), layout) for one in layout.columns])


def cell_of(column: str, line: StatementLine, layout: ExportLayout) -> Cell:
    """What one column says of a line."""
    return _CELLS[ExportColumn(column)](line, layout)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def _reader(column: str, layout: ExportLayout) -> Callable[[StatementLine], Cell]:
    return lambda line: cell_of(column, line, layout)


def _text(value: Cell, layout: ExportLayout) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", layout.decimal_mark)
    if isinstance(value, date):
        return value.strftime(layout.date_format)
    return defused(value)


def _last_day(line: StatementLine) -> date:
    return rules.month_of(line.statement.month_on).last


def _item(line: StatementLine, layout: ExportLayout) -> str:
    """The seller's own code of the product, the product's where there is none; what is no product has its kind."""
    if line.product is None:
        return str(line.kind)
    return str(layout.item_codes.get(line.product.code, line.product.code))


def _quantity(line: StatementLine) -> Decimal | None:
    """How many of the price's unit: seat-days, or seats of a whole month with four decimal places."""
    if line.kind != LineKind.USAGE or line.statement.price_list is None:
        return None
    terms = line.statement.price_list
    if terms.unit == "SEAT_DAY":
        return Decimal(line.seat_days)
    if terms.proration == "FULL_MONTH":
        return Decimal(line.seats)
    share = Fraction(line.seat_days, rules.month_of(line.statement.month_on).days)
    return (Decimal(share.numerator) / share.denominator).quantize(QUANTITY_PLACES)


def _price(line: StatementLine) -> Decimal | None:
    if line.price_minor is None or not line.statement.currency:
        return None
    return decimal_of(line.price_minor, line.statement.currency)


def _count(name: str) -> Callable[[StatementLine, ExportLayout], Cell]:
    return lambda line, _layout: getattr(line, name) if line.kind == LineKind.USAGE else None


_CELLS: dict[ExportColumn, Callable[[StatementLine, ExportLayout], Cell]] = {
    ExportColumn.MONTH: lambda line, _: f"{line.statement.month_on:%Y-%m}",
    ExportColumn.FIRST_ON: lambda line, _: line.statement.month_on,
    ExportColumn.LAST_ON: lambda line, _: _last_day(line),
    ExportColumn.SELLER: lambda line, _: line.statement.seller.name,
    ExportColumn.BUYER: lambda line, _: line.statement.buyer.name,
    ExportColumn.BUYER_NUMBER: lambda line, _: line.statement.buyer.custom_identifier,
    ExportColumn.BUYER_TAX_ID: lambda line, _: line.statement.buyer.vat_id,
    ExportColumn.CUSTOMER: lambda line, _: line_title(line),
    ExportColumn.CUSTOMER_NUMBER: lambda line, _: line.node.company.custom_identifier if line.node else "",
    ExportColumn.KIND: lambda line, _: line.get_kind_display(),
    ExportColumn.ITEM: _item,
    ExportColumn.PRODUCT_CODE: lambda line, _: line.product.code if line.product else "",
    ExportColumn.PRODUCT: lambda line, _: line.product.name if line.product else "",
    ExportColumn.LICENSE: lambda line, _: line.node.license.public_id if line.node else "",
    ExportColumn.ORDERED: _count("ordered"),
    ExportColumn.AGREED: _count("agreed"),
    ExportColumn.DEVICE_DAYS: _count("device_days"),
    ExportColumn.PEAK: _count("peak"),
    ExportColumn.SEAT_DAYS: _count("seat_days"),
    ExportColumn.QUANTITY: lambda line, _: _quantity(line),
    ExportColumn.PRICE: lambda line, _: _price(line),
    ExportColumn.AMOUNT: lambda line, _: decimal_of(line.amount_minor, line.statement.currency),
    ExportColumn.CURRENCY: lambda line, _: line.statement.currency,
    ExportColumn.REASON: lambda line, _: line.reason,
    ExportColumn.STATEMENT: lambda line, _: str(line.statement.uid),
    ExportColumn.LINE: lambda line, _: str(line.uid),
}
