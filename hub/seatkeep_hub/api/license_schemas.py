"""Shapes of licenses and of what is ordered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.licensing.enums import Lapse, LicenseKind, Overuse
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_state, license_usage
from seatkeep_hub.licensing.services import MAX_QUANTITY

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class BundleOut(Schema):
    """What can be ordered."""

    code: str
    name: str
    category: str
    tier: int


class LicenseProductOut(Schema):
    """Seats of one product of a license."""

    code: str
    name: str
    ordered: int
    used: int
    promised: int


class LicenseOut(Schema):
    """A license."""

    id: UUID
    public_id: str
    owner_id: UUID
    bundle: str
    kind: str
    state: str
    quantity: int
    overuse: str
    lapse: str
    grow_ceiling: int | None
    expires_at: datetime | None
    trial_extensions: int
    suspended_at: datetime | None
    billing_stopped_at: datetime | None
    frozen_at: datetime | None
    protection_stops_at: datetime | None
    created_at: datetime
    products: list[LicenseProductOut]

    @staticmethod
    def resolve_id(license: License) -> UUID:
        """The uid is the id outside."""
        return license.uid

    @staticmethod
    def resolve_owner_id(license: License) -> UUID:
        """The owner's uid."""
        return license.owner.uid

    @staticmethod
    def resolve_bundle(license: License) -> str:
        """The bundle's code."""
        return license.bundle.code

    @staticmethod
    def resolve_state(license: License) -> str:
        """The state derives from usage and time."""
        return license_state(license, now=read_clock())

    @staticmethod
    def resolve_products(license: License) -> list[dict[str, Any]]:
        """Seats of each product."""
        return [
            {
                "code": line.product.code,
                "name": line.product.name,
                "ordered": line.ordered,
                "used": line.used,
                "promised": line.promised,
            }
            for line in license_usage(license)
        ]


class LineIn(Schema):
    """A bundle to be ordered."""

    bundle_code: Annotated[str, Field(max_length=60)]
    quantity: Quantity
    kind: LicenseKind = LicenseKind.MSP
    overuse: Overuse = Overuse.ALLOW_AND_ALERT
    grow_ceiling: Quantity | None = None
    lapse: Lapse = Lapse.KEEP_PROTECTING
    lapse_days: Annotated[int, Field(ge=0, le=365)] = 0
    expires_at: datetime | None = None
