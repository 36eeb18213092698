"""The form of an import: one row per company, or per company and product. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KEY = "custom_identifier"
"""The column that says which company a row is about."""

COMPANY_FIELDS = (
    "name",
    "email",
    "contact_name",
    "phone",
    "vat_id",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "time_zone",
    "tags",
    "description",
)
"""Columns whose value is written to the company as it stands."""

ERASABLE = frozenset(COMPANY_FIELDS) - {"name", "time_zone"}
"""Columns whose empty cells erase what is there, where the import was told so."""

AGREEMENT_FIELDS = ("license", "product", "agreement", "seats", "on_exceed", "warn_above", "stop_above")
"""Columns about what the customer agreed to; a row with all of them empty is about the company only."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One column of the form.

    Attributes:
        name: Heading in the template, key in the API.
        sample: Value in the template's example row.
        also: Other headings under which it is recognized, lower case, without spaces and signs.
    """

    name: str
    sample: str
    also: tuple[str, ...] = ()


FIELDS = (
    FormField(KEY, "K-1001", ("customid", "number", "customernumber", "yournumber", "companyid", "publicid")),
    FormField("parent_identifier", "", ("parentid", "parentnumber", "parentcompanyid", "below")),
    FormField("kind", "CUSTOMER", ("type", "companytype")),
    FormField("name", "Bakery Ltd", ("companyname", "customername", "company", "customer")),
    FormField("email", "office@bakery.example", ("mail", "emailaddress")),
    FormField("contact_name", "Ann Baker", ("contact", "contactperson")),
    FormField("phone", "+44 20 7946 0000", ("telephone", "phonenumber", "tel")),
    FormField("vat_id", "GB123456789", ("taxid", "vat", "vatnumber")),
    FormField("street", "1 High Street", ("streetaddress", "address", "address1")),
    FormField("postal_code", "N1 9GU", ("zip", "zipcode", "postcode")),
    FormField("city", "London", ("town",)),
    FormField("region", "", ("state", "county", "province")),
    FormField("country", "GB", ("countrycode",)),
    FormField("time_zone", "Europe/London", ("timezone",)),
    FormField("tags", "gold; retail", ("tag", "labels")),
    FormField("description", "", ("comment", "note", "notes")),
    FormField("license", "", ("licenseid", "publiclicenseid", "sharedlicense")),
    FormField("product", "endpoint-workstation", ("productcode",)),
    FormField("agreement", "FIXED", ("mode", "agreementmode")),
    FormField("seats", "12", ("quantity", "units", "licensequantity")),
    FormField("on_exceed", "FLAG", ()),
    FormField("warn_above", "", ()),
    FormField("stop_above", "", ()),
)
NAMES = tuple(one.name for one in FIELDS)


def guess(header: Sequence[str], remembered: Mapping[str, str]) -> dict[str, int]:
    """Say which column holds which field: as last time, by its own name, or by a name that others use for it.

    Args:
        header: The file's headings.
        remembered: Heading by field, of the last import here.
    """
    columns = {_plain(text): index for index, text in reversed(list(enumerate(header))) if _plain(text)}
    found: dict[str, int] = {}
    for one in FIELDS:
        for name in (remembered.get(one.name, ""), one.name, *one.also):
            index = columns.get(_plain(name))
            if index is not None and index not in found.values():
                found[one.name] = index
                break
    return found


def mapping_faults(mapping: Mapping[str, int], header: Sequence[str]) -> dict[str, str]:
    """Say by field what is wrong with a mapping: `unknown_field`, `unknown_column`, `column_twice`, `needed`."""
    faults = {name: "unknown_field" for name in mapping if name not in NAMES}
    seen: set[int] = set()
    for name, index in mapping.items():
        if not 0 <= index < len(header):
            faults[name] = "unknown_column"
        elif index in seen:
            faults[name] = "column_twice"
        seen.add(index)
    if KEY not in mapping:
        faults[KEY] = "needed"
    return faults


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
