"""Companies and agreements out again, in the form that an import takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.enums import CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.imports import files
from seatkeep_hub.imports.form import FIELDS, KEY, NAMES
from seatkeep_hub.imports.selectors import agreements_of, values_of

AT_ONCE = 2_000
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""By format, as files are answered."""


def template_file(*, is_xlsx: bool) -> bytes:
    """The form with one example row."""
    return _write([[one.sample for one in FIELDS]], is_xlsx=is_xlsx)


def export_file(viewer: Viewer, target: Company, *, is_xlsx: bool) -> bytes:
    """Every company below the target that the viewer may see and that is not removed, one row per agreement.

    Importing it into the same target changes nothing. A company without a number is called by its id.
    """
    return _write(_rows(viewer, target), is_xlsx=is_xlsx)


def _write(rows: Iterator[list[str]] | Sequence[list[str]], *, is_xlsx: bool) -> bytes:
    return (files.xlsx_write if is_xlsx else files.csv_write)(NAMES, rows)


def _rows(viewer: Viewer, target: Company) -> Iterator[list[str]]:
    found = companies_visible(viewer).filter(path__contains=[target.pk]).exclude(status=CompanyStatus.REMOVED)
    companies = list(found.exclude(pk=target.pk).defer("search").order_by("path"))
    keys = {one.pk: one.custom_identifier or str(one.uid) for one in companies}
    for start in range(0, len(companies), AT_ONCE):
        part = companies[start : start + AT_ONCE]
        agreements: dict[int, list[Agreement]] = {}
        for agreement in agreements_of([one.pk for one in part]).order_by("product__code", "id"):
            agreements.setdefault(agreement.company_id, []).append(agreement)
        for company in part:
            base = _company(company, keys)
            for one in agreements.get(company.pk, []):
                yield _row({**base, **_agreement(one)})
            if company.pk not in agreements:
                yield _row(base)


def _row(values: dict[str, str]) -> list[str]:
    return [values.get(name, "") for name in NAMES]


def _company(company: Company, keys: dict[int, str]) -> dict[str, str]:
    parent = keys.get(company.parent_id or 0, "")
    named = {KEY: keys[company.pk], "name": company.name, "kind": company.kind, "parent_identifier": parent}
    return {**values_of(company), **named}


def _agreement(one: Agreement) -> dict[str, str]:
    numbers = {"warn_above": one.warn_above, "stop_above": one.stop_above, "seats": one.quantity or None}
    return {
        "license": one.license.public_id,
        "product": one.product.code,
        "agreement": one.mode,
        "on_exceed": one.on_exceed,
        **{name: "" if value is None else str(value) for name, value in numbers.items()},
    }
