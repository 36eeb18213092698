"""The cast of moves and requests: a manager with two managed MSPs, a license each, customers and devices.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from seatkeep_webkit.actors import Actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BEFORE = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")
WORKSTATION = "endpoint-workstation"


@dataclass(frozen=True)
class Chain:
    """A manager, its managed MSPs `a` and `b` with a license of 10 seats each, and a customer of `a`."""

    vendor: Any
    distributor: Any
    manager: Any
    a: Any
    b: Any
    customer: Any
    license_a: Any
    license_b: Any


@pytest.fixture
def make(db: None) -> Any:
    from seatkeep_hub.companies.services import company_create

    def create(kind: str, parent: Any, name: str, **fields: Any) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=BEFORE, **fields)

    return create


@pytest.fixture
def order(db: None) -> Any:
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_hub.licensing.services import license_order

    def call(owner: Any, **fields: Any) -> Any:
        catalogue_ensure()
        wanted = {"bundle_code": "endpoint-protection", "kind": "MSP", "quantity": 10, **fields}
        return license_order(actor=ACTOR, owner=owner, now=BEFORE, **wanted)

    return call


@pytest.fixture
def chain(make: Any, order: Any) -> Chain:
    vendor = make("VENDOR", None, "Vendor")
    distributor = make("DISTRIBUTOR", vendor, "Distributor")
    manager = make("MSP_MANAGER", distributor, "Manager")
    a, b = make("MANAGED_MSP", manager, "Partner A"), make("MANAGED_MSP", manager, "Partner B")
    return Chain(
        vendor=vendor,
        distributor=distributor,
        manager=manager,
        a=a,
        b=b,
        customer=make("CUSTOMER", a, "Bakery"),
        license_a=order(a),
        license_b=order(b),
    )


@pytest.fixture
def agree() -> Any:
    from seatkeep_hub.agreements.services import agreement_set

    def call(license: Any, company: Any, mode: str = "FLEXIBLE", **numbers: Any) -> Any:
        return agreement_set(
            actor=ACTOR, license=license, product_code=WORKSTATION, company=company, mode=mode, now=BEFORE, **numbers
        )

    return call


@pytest.fixture
def activate() -> Any:
    """Activate devices at a customer; returns the codes."""
    from seatkeep_hub.licensing.activation import Device, Wish
    from seatkeep_hub.licensing.seats import seats_activate

    def call(license: Any, company: Any, *names: str, at: datetime = BEFORE) -> list[str]:
        wishes = [
            Wish(
                device=Device(fingerprint=name, key=b"k" * 32, key_thumbprint=name.ljust(43, "0"), name=name),
                product=WORKSTATION,
                issued_at=at.replace(microsecond=0),
                jti=f"{name}{at}",
                public_id=license.public_id,
                company=company.uid,
            )
            for name in names
        ]
        return [answer.code for answer in seats_activate(wishes=wishes, actor=ACTOR, now=at)]

    return call


@pytest.fixture
def person(db: None) -> Any:
    from seatkeep_hub.companies.people import access_set, user_create

    def create(company: Any, email: str, level: str = "WRITE", *, is_contact: bool = False) -> Any:
        user = user_create(actor=ACTOR, company=company, email=email, name=email, now=BEFORE, is_contact=is_contact)
        access_set(actor=ACTOR, user=user, company=company, level=level, now=BEFORE)
        return user

    return create
