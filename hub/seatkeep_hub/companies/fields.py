"""The fields of a company: which may be set, whether they are in order, and what a search finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatkeep_webkit.search import trigrams

from seatkeep_hub.companies import rules
from seatkeep_hub.companies.errors import CompanyFieldError
from seatkeep_hub.companies.models import Company

ADDRESS = ("street", "postal_code", "city", "region", "country")
CONTACT = ("email", "contact_name", "phone")
OF_THE_PARENT = frozenset({"is_trusted", "allowed_bundles", "is_trial_allowed"})
"""What the company above decides: nobody gives himself more."""

EDITABLE = OF_THE_PARENT | {
    *ADDRESS,
    *CONTACT,
    "custom_identifier",
    "tags",
    "description",
    "vat_id",
    "time_zone",
}
"""Fields that `company_update` may set; a name has its own service."""

SEARCHED = ("name", "custom_identifier", "vat_id", "email", "contact_name", "city")


def fields_set(company: Company, fields: Mapping[str, Any]) -> None:
    """Set fields of a company in memory, trimmed and checked; an empty text erases.

    Raises:
        CompanyFieldError: A field cannot be set or is wrong; `fields` names it.
    """
    unknown = sorted(set(fields) - EDITABLE)
    if unknown:
        raise CompanyFieldError(fields={name: ["This field cannot be set."] for name in unknown})
    for name, value in fields.items():
        setattr(company, name, _normal(name, value))
    checked = {name: getattr(company, name) for name in fields}
    faults_raise(rules.field_faults({**checked, "name": company.name, "time_zone": company.time_zone}))


def faults_raise(faults: Mapping[str, str]) -> None:
    """Raise what was found wrong.

    Raises:
        CompanyFieldError: Something was.
    """
    if faults:
        raise CompanyFieldError(fields={name: [fault] for name, fault in faults.items()})


def index(company: Company) -> None:
    """Let a search find the company by any part of its name, numbers, tags, address of mail, contact and city."""
    company.search = trigrams(" ".join([*(str(getattr(company, name)) for name in SEARCHED), *company.tags]))


def _normal(name: str, value: Any) -> Any:
    if name == "tags":
        return rules.tags_normalize(value)
    if name == "allowed_bundles":
        return None if value is None else sorted(set(value))
    if name == "country":
        return str(value).strip().upper()
    return value.strip() if isinstance(value, str) else value
