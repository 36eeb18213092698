"""Reads of the pages' own tables."""

from __future__ import annotations

from django.db.models import QuerySet
from seatkeep_webkit.remembering import remembered

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.rules import CHILD_KINDS
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

CUSTOMERS_ADDED = 2_000
"""Above so many customers, pages add usage up only when somebody asks: it takes seconds."""


@remembered
def first_run_get() -> FirstRun | None:
    """The answers of the first run; None while nobody did it."""
    return FirstRun.objects.select_related("company", "owner").first()


def is_one_msp() -> bool:
    """Whether kinds above and beside the one MSP stay out of sight."""
    run = first_run_get()
    return run is not None and run.mode == UseMode.ONE_MSP


def parents_for(user: User) -> QuerySet[Company]:
    """Companies below which this person may create something, by name; at most 500."""
    parents = [kind for kind, children in CHILD_KINDS.items() if children and kind != CompanyKind.VENDOR]
    writable = companies_visible(user, level=AccessLevel.WRITE).filter(kind__in=parents, status=CompanyStatus.ACTIVE)
    return writable.defer("search").order_by("name", "id")[:500]


def is_wide(viewer: User, *, company: Company | None = None) -> bool:
    """Whether the viewer sees more than `CUSTOMERS_ADDED` customers, in all or at and below one company."""
    customers = companies_visible(viewer).filter(kind=CompanyKind.CUSTOMER)
    if company is not None:
        customers = customers.filter(path__contains=[company.pk])
    return customers.order_by()[: CUSTOMERS_ADDED + 1].count() > CUSTOMERS_ADDED
