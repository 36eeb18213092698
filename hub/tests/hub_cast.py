"""The standing cast.

diana runs the distributor; alice owns MSP A and bob is on her team (he may only view); charlie owns the sibling MSP B
and must see nothing of A; erin works for a customer of A without any access.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Role
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.catalogue import ENDPOINT_BUNDLE, catalogue_ensure
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.services import license_order
from seatkeep_webkit.actors import Actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough sentence for tests"
ACTOR = Actor.system("test")


@dataclass(frozen=True)
class Cast:
    """Companies, people and one license of MSP A."""

    vendor: Company
    distributor: Company
    msp_a: Company
    msp_b: Company
    customer: Company
    diana: User
    alice: User
    bob: User
    charlie: User
    erin: User
    license: License


def cast_make() -> Cast:
    """Make the cast; needs the database."""
    catalogue_ensure()
    vendor = _company(CompanyKind.VENDOR, "Vendor", None)
    distributor = _company(CompanyKind.DISTRIBUTOR, "Distributor", vendor)
    msp_a = _company(CompanyKind.MSP, "MSP A", distributor)
    msp_b = _company(CompanyKind.MSP, "MSP B", distributor)
    customer = _company(CompanyKind.CUSTOMER, "Bakery", msp_a)
    return Cast(
        vendor=vendor,
        distributor=distributor,
        msp_a=msp_a,
        msp_b=msp_b,
        customer=customer,
        diana=_person("diana", distributor, AccessLevel.WRITE),
        alice=_person("alice", msp_a, AccessLevel.WRITE),
        bob=_person("bob", msp_a, AccessLevel.READ),
        charlie=_person("charlie", msp_b, AccessLevel.WRITE),
        erin=_person("erin", customer, None),
        license=license_order(
            actor=ACTOR, owner=msp_a, bundle_code=ENDPOINT_BUNDLE, kind=LicenseKind.MSP, quantity=10, now=NOW
        ),
    )


def _company(kind: CompanyKind, name: str, parent: Company | None) -> Company:
    return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=NOW)


def _person(name: str, company: Company, level: AccessLevel | None) -> User:
    user = user_create(actor=ACTOR, company=company, email=f"{name}@example.com", name=name.title(), now=NOW)
    if level:
        access_set(actor=ACTOR, user=user, company=company, level=level, role=Role.OWNER, now=NOW)
    return user
