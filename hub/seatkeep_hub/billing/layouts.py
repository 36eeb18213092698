"""Export layouts: what a seller's accounting wants to read, saved once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import Actor

from seatkeep_hub.billing.enums import DateFormat, DecimalMark, ExportColumn, Separator
from seatkeep_hub.billing.errors import LayoutFieldError, LayoutNameTakenError
from seatkeep_hub.billing.journal import record
from seatkeep_hub.billing.models import ExportLayout
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import Product

MAX_CODE = 60
USUAL_COLUMNS = (
    ExportColumn.MONTH, ExportColumn.BUYER, ExportColumn.BUYER_NUMBER, ExportColumn.CUSTOMER, ExportColumn.KIND,
    ExportColumn.ITEM, ExportColumn.PRODUCT, ExportColumn.SEAT_DAYS, ExportColumn.QUANTITY, ExportColumn.PRICE,
    ExportColumn.AMOUNT, ExportColumn.CURRENCY, ExportColumn.REASON,
)  # fmt: skip
"""What a file holds where no layout was saved."""


@dataclass(frozen=True)
class LayoutWanted:
    """A layout as somebody wants it."""

    name: str
    columns: Sequence[str]
    item_codes: Mapping[str, str] = field(default_factory=dict)
    separator: str = Separator.COMMA
    decimal_mark: str = DecimalMark.POINT
    date_format: str = DateFormat.ISO
    has_heading: bool = True
    has_mark: bool = True


@transaction.atomic
def layout_create(*, actor: Actor, seller: Company, wanted: LayoutWanted, now: datetime) -> ExportLayout:
    """Save a layout.

    Raises:
        LayoutFieldError: A column is unknown or there twice, an item code is of no product, the decimals look like the
            separator, or the name is empty.
        LayoutNameTakenError: The seller has one of this name.
    """
    made = ExportLayout(seller=seller, created_at=now)
    return _write(actor, made, wanted, "export-layout:create", now)


@transaction.atomic
def layout_change(*, actor: Actor, layout: ExportLayout, wanted: LayoutWanted, now: datetime) -> ExportLayout:
    """Change a layout; files that were sent stay what they are. Raises as `layout_create`."""
    locked = ExportLayout.objects.select_for_update(of=("self",)).select_related("seller").get(pk=layout.pk)
    return _write(actor, locked, wanted, "export-layout:change", now)


@transaction.atomic
def layout_remove(*, actor: Actor, layout: ExportLayout, now: datetime) -> None:
    """Remove a layout; sent marks keep its name."""
    record(actor, "export-layout:remove", "export_layout", str(layout.uid), layout.seller, {"name": layout.name}, now)
    ExportLayout.objects.filter(pk=layout.pk).delete()


def layout_usual(seller: Company) -> ExportLayout:
    """The layout that nobody had to save; do not save it either."""
    return ExportLayout(seller=seller, name="", columns=list(USUAL_COLUMNS), item_codes={})


def _write(actor: Actor, layout: ExportLayout, wanted: LayoutWanted, action: str, now: datetime) -> ExportLayout:
    faults = _faults(wanted)
    if faults:
        raise LayoutFieldError(fields=faults)
    layout.name, layout.columns = wanted.name.strip(), list(wanted.columns)
    layout.item_codes = {code: text.strip() for code, text in wanted.item_codes.items() if text.strip()}
    layout.separator, layout.decimal_mark = wanted.separator, wanted.decimal_mark
    layout.date_format, layout.updated_at = wanted.date_format, now
    layout.has_heading, layout.has_mark = wanted.has_heading, wanted.has_mark
    try:
        with transaction.atomic():
            layout.save()
    except IntegrityError as error:
        raise LayoutNameTakenError from error
    details = {"name": layout.name, "columns": ", ".join(layout.columns)}
    record(actor, action, "export_layout", str(layout.uid), layout.seller, details, now)
    return layout


def _faults(wanted: LayoutWanted) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    if not 0 < len(wanted.name.strip()) <= 100:
        faults["name"] = [_("A name of at most 100 letters.")]
    if not wanted.columns or len(set(wanted.columns)) != len(wanted.columns):
        faults["columns"] = [_("At least one column, and none of them twice.")]
    if unknown := sorted(set(wanted.columns) - set(ExportColumn.values)):
        faults["columns"] = [_("Not known: %(names)s") % {"names": ", ".join(unknown)[:200]}]
    if wrong := _codes_wrong(wanted.item_codes):
        faults["item_codes"] = [_("Not a product, or longer than 60 letters: %(codes)s") % {"codes": wrong}]
    if wanted.separator == wanted.decimal_mark:
        faults["separator"] = [_("Something else than what stands in amounts.")]
    choices = {"separator": Separator, "decimal_mark": DecimalMark, "date_format": DateFormat}
    for name, known in choices.items():
        if getattr(wanted, name) not in known.values:
            faults[name] = [_("One of those that are offered.")]
    return faults


def _codes_wrong(item_codes: Mapping[str, str]) -> str:
    known = set(Product.objects.filter(code__in=item_codes).values_list("code", flat=True))
    wrong = [code for code, text in item_codes.items() if code not in known or len(text.strip()) > MAX_CODE]
    return ", ".join(sorted(wrong))[:200]
