"""The cast of agreements: an MSP with two customers, one license, and devices.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from seatkeep_webkit.actors import Actor

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")
WORKSTATION = "endpoint-workstation"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def actor() -> Actor:
    return ACTOR


@pytest.fixture
def make(db: None) -> Any:
    from seatkeep_hub.companies.services import company_create

    def create(kind: str, parent: Any, name: str) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=NOW)

    return create


@pytest.fixture
def vendor(make: Any) -> Any:
    return make("VENDOR", None, "Vendor")


@pytest.fixture
def msp(make: Any, vendor: Any) -> Any:
    return make("MSP", vendor, "Alice IT")


@pytest.fixture
def customer(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Contoso")


@pytest.fixture
def other(make: Any, msp: Any) -> Any:
    return make("CUSTOMER", msp, "Fabrikam")


@pytest.fixture
def license(msp: Any) -> Any:
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_hub.licensing.services import license_order

    catalogue_ensure()
    fields = {"bundle_code": "endpoint-protection", "kind": "MSP", "quantity": 10, "overuse": "BLOCK"}
    return license_order(actor=ACTOR, owner=msp, now=NOW, **fields)


@pytest.fixture
def agree(license: Any) -> Any:
    from seatkeep_hub.agreements.services import agreement_set

    def call(company: Any, mode: str = "FLEXIBLE", *, on: Any = None, **numbers: Any) -> Any:
        return agreement_set(
            actor=ACTOR, license=on or license, product_code=WORKSTATION, company=company, mode=mode, now=NOW, **numbers
        )

    return call


@pytest.fixture
def activate(license: Any) -> Any:
    """Activate devices at a customer; returns the codes."""
    from seatkeep_hub.licensing.activation import Device, Wish
    from seatkeep_hub.licensing.seats import seats_activate

    def call(company: Any, *names: str, at: datetime = NOW) -> list[str]:
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
