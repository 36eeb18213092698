"""A seller with two customers, one shared license, and devices that come and go.

Django is imported inside the fixtures: this file is read before PostgreSQL and the settings exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from seatkeep_webkit.actors import Actor

BEGIN = datetime(2027, 2, 20, 12, 0, tzinfo=UTC)
ACTOR = Actor.system("tests")
WORKSTATION = "endpoint-workstation"
SERVER = "endpoint-server"


@dataclass
class Shop:
    """What a test does in one line."""

    vendor: Any
    msp: Any
    customer: Any
    other: Any
    license: Any

    def agree(
        self, company: Any, mode: str = "FLEXIBLE", *, at: datetime = BEGIN, product: str = WORKSTATION, **numbers
    ):
        from seatkeep_hub.agreements.services import agreement_set

        return agreement_set(
            actor=ACTOR, license=self.license, product_code=product, company=company, mode=mode, now=at, **numbers
        )

    def activate(self, company: Any, *names: str, at: datetime, product: str = WORKSTATION) -> list[str]:
        from seatkeep_hub.licensing.activation import Device, Wish
        from seatkeep_hub.licensing.seats import seats_activate

        wishes = [
            Wish(
                device=Device(fingerprint=name, key=b"k" * 32, key_thumbprint=name.ljust(43, "0"), name=name),
                product=product,
                issued_at=at.replace(microsecond=0),
                jti=f"{name}{at}",
                public_id=self.license.public_id,
                company=company.uid,
            )
            for name in names
        ]
        return [answer.code for answer in seats_activate(wishes=wishes, actor=ACTOR, now=at)]

    def stop(self, *names: str, at: datetime) -> None:
        from seatkeep_hub.licensing.seats import seats_deactivate

        seats_deactivate(actor=ACTOR, seat_uids=self._uids(names), now=at)

    def resume(self, *names: str, at: datetime) -> None:
        from seatkeep_hub.licensing.seats import seats_resume

        seats_resume(actor=ACTOR, seat_uids=self._uids(names), now=at)

    def price(self, price: str = "300", *, seller: Any = None, tiers: Any = None, at: datetime = BEGIN, **changes: Any):
        from seatkeep_hub.billing.prices import price_list_set
        from seatkeep_hub.billing.rules import Tier

        usual = {"buyer": None, "valid_from_on": date(2027, 2, 1), "currency": "EUR", "basis": "IN_USE_DAYS",
                 "unit": "SEAT_MONTH", "proration": "DAILY"}  # fmt: skip
        tiers = tiers or {code: [Tier(1, Decimal(price))] for code in (WORKSTATION, SERVER)}
        return price_list_set(actor=ACTOR, seller=seller or self.msp, tiers=tiers, now=at, **{**usual, **changes})

    def count(self, first: date, last: date, *, now: datetime) -> None:
        from seatkeep_hub.agreements.usage import usage_days_record

        usage_days_record(first=first, last=last, now=now)

    def draft(self, month: date, *, now: datetime, seller: Any = None, buyer: Any = None) -> Any:
        from seatkeep_hub.billing.drafting import statement_draft
        from seatkeep_hub.billing.rules import month_of

        period = month_of(month)
        self.count(period.first, period.last, now=now)
        return statement_draft(seller=seller or self.msp, buyer=buyer or self.customer, month=period, now=now)

    @staticmethod
    def _uids(names: tuple[str, ...]) -> list[Any]:
        from seatkeep_hub.licensing.models import Seat

        return list(Seat.objects.filter(fingerprint__in=names).values_list("uid", flat=True))


@pytest.fixture
def shop(db: None) -> Shop:
    """Vendor → MSP → two customers, and a license of 10."""
    from seatkeep_hub.companies.services import company_create
    from seatkeep_hub.licensing.catalogue import catalogue_ensure
    from seatkeep_hub.licensing.services import license_order

    def make(kind: str, parent: Any, name: str) -> Any:
        return company_create(actor=ACTOR, kind=kind, name=name, parent=parent, now=BEGIN)

    catalogue_ensure()
    vendor = make("VENDOR", None, "Vendor")
    msp = make("MSP", vendor, "Alice IT")
    customer, other = make("CUSTOMER", msp, "Contoso"), make("CUSTOMER", msp, "Fabrikam")
    license = license_order(
        actor=ACTOR, owner=msp, bundle_code="endpoint-protection", kind="MSP", quantity=10, now=BEGIN
    )
    return Shop(vendor, msp, customer, other, license)
