"""Reads of the pages' own tables."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def first_run_get() -> FirstRun | None:
    """The answers of the first run; None while nobody did it."""
    return FirstRun.objects.select_related("company", "owner").first()


def is_one_msp() -> bool:
    """Whether kinds above and beside the one MSP stay out of sight."""
    run = first_run_get()
    return run is not None and run.mode == UseMode.ONE_MSP


def has_second_factor(user: User) -> bool:
    """Whether the person signs in with more than a password."""
    return Authenticator.objects.filter(user=user, type__in=SECOND_FACTORS).exists()


def parents_for(user: User, kind: CompanyKind | str) -> list[Company]:
    """Companies below which this person may create one of this kind, by name."""
    from seatkeep_hub.companies.rules import can_create

    writable = companies_visible(user, level=AccessLevel.WRITE).exclude(status="REMOVED").exclude(kind="CUSTOMER")
    return [company for company in writable.order_by("name", "id")[:500] if can_create(company.kind, kind)]
