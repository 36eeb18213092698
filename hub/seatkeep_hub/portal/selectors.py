"""Reads of the pages' own tables."""

from __future__ import annotations

from seatkeep_webkit.remembering import remembered

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.rules import CHILD_KINDS
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun


@remembered
def first_run_get() -> FirstRun | None:
    """The answers of the first run; None while nobody did it."""
    return FirstRun.objects.select_related("company", "owner").first()


def is_one_msp() -> bool:
    """Whether kinds above and beside the one MSP stay out of sight."""
    run = first_run_get()
    return run is not None and run.mode == UseMode.ONE_MSP


def parents_for(user: User) -> list[Company]:
    """Companies below which this person may create something, by name; at most 500."""
    parents = [kind for kind, children in CHILD_KINDS.items() if children and kind != CompanyKind.VENDOR]
    writable = companies_visible(user, level=AccessLevel.WRITE).filter(kind__in=parents, status=CompanyStatus.ACTIVE)
    return list(writable.order_by("name", "id")[:500])
