"""`/licenses`, `/bundles`: order, change seats, secrets, suspend."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.enums import Lapse, LicenseKind, Overuse
from seatkeep_hub.licensing.models import License, LicenseEntry
from seatkeep_hub.licensing.selectors import (
    bundle_list,
    entry_list,
    license_get,
    license_list,
    license_state,
    license_usage,
)
from seatkeep_hub.licensing.services import (
    MAX_QUANTITY,
    license_key_rotate,
    license_key_show,
    license_order,
    license_quantity_change,
)
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend

router = Router(tags=["Licenses"])
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class BundleOut(Schema):
    """What can be ordered."""

    code: str
    name: str
    category: str


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
    expires_at: datetime | None
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


class OrderIn(Schema):
    """A bundle to be ordered."""

    owner_id: UUID
    bundle_code: Annotated[str, Field(max_length=60)]
    quantity: Quantity
    kind: LicenseKind = LicenseKind.MSP
    overuse: Overuse = Overuse.ALLOW_AND_ALERT
    grow_ceiling: Quantity | None = None
    lapse: Lapse = Lapse.KEEP_PROTECTING
    lapse_days: Annotated[int, Field(ge=0, le=365)] = 0
    expires_at: datetime | None = None


class SeatsIn(Schema):
    """Another number of ordered seats."""

    quantity: Quantity
    note: Annotated[str, Field(max_length=500)] = ""


class EntryOut(Schema):
    """One line of a license's history."""

    number: int
    kind: str
    quantity_before: int
    quantity: int
    actor: str
    note: str
    at: datetime


class KeyOut(Schema):
    """The secret key of a license."""

    key: str


@router.get("/bundles", response=list[BundleOut], summary="List bundles")
def bundle_index(request: HttpRequest) -> list[Any]:
    """What can be ordered."""
    viewer_of(request)
    return list(bundle_list())


@router.get("/licenses", response=PageOut[LicenseOut], summary="List licenses")
def license_index(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 100, owner_id: UUID | None = None
) -> Page[License]:
    """Licenses whose owner you may see."""
    found = license_list(viewer_of(request))
    if owner_id:
        found = found.filter(owner__uid=owner_id)
    return paginate(found, order=("-id",), cursor=cursor, limit=limit)


@router.post("/licenses", response={201: LicenseOut}, summary="Order a bundle")
@idempotent
def license_new(request: HttpRequest, body: OrderIn) -> Status[License]:
    """One license with a key and one credential set per product, shared by the owner's customers."""
    owner = company_get(viewer_of(request), body.owner_id, level=AccessLevel.WRITE)
    made = license_order(
        actor=actor_from_request(request), owner=owner, now=read_clock(), **body.dict(exclude={"owner_id"})
    )
    return Status(201, made)


@router.get("/licenses/{license_id}", response=LicenseOut, summary="Show a license")
def license_show(request: HttpRequest, license_id: UUID) -> License:
    """One license."""
    return license_get(viewer_of(request), license_id)


@router.put("/licenses/{license_id}/seats", response=LicenseOut, summary="Change the ordered seats")
def license_seats(request: HttpRequest, license_id: UUID, body: SeatsIn) -> License:
    """Set an absolute number; the same number changes nothing."""
    license = writable(request, license_id)
    return license_quantity_change(
        actor=actor_from_request(request), license=license, quantity=body.quantity, note=body.note, now=read_clock()
    )


@router.get("/licenses/{license_id}/history", response=PageOut[EntryOut], summary="Show a license's history")
def license_history(
    request: HttpRequest, license_id: UUID, cursor: str | None = None, limit: Limit = 100
) -> Page[LicenseEntry]:
    """The ledger, newest first; numbered without gaps."""
    license = license_get(viewer_of(request), license_id)
    return paginate(entry_list(license), order=("-number",), cursor=cursor, limit=limit)


@router.post("/licenses/{license_id}/key/show", response=KeyOut, summary="Show the secret key")
def license_key(request: HttpRequest, license_id: UUID) -> dict[str, str]:
    """Show the key; noted in the audit log."""
    license = writable(request, license_id)
    return {"key": license_key_show(actor=actor_from_request(request), license=license, now=read_clock())}


@router.post("/licenses/{license_id}/key/rotate", response=KeyOut, summary="Change the secret key")
def license_key_new(request: HttpRequest, license_id: UUID) -> dict[str, str]:
    """The old key activates nothing more; computers that are activated go on."""
    license = writable(request, license_id)
    return {"key": license_key_rotate(actor=actor_from_request(request), license=license, now=read_clock())}


@router.post("/licenses/{license_id}/suspend", response=LicenseOut, summary="Suspend a license")
def license_pause(request: HttpRequest, license_id: UUID) -> License:
    """No activation, no renewal; protection goes on as the license says."""
    return license_suspend(actor=actor_from_request(request), license=writable(request, license_id), now=read_clock())


@router.post("/licenses/{license_id}/unsuspend", response=LicenseOut, summary="Take a suspension back")
def license_resume(request: HttpRequest, license_id: UUID) -> License:
    """Take a suspension back."""
    license = writable(request, license_id)
    return license_unsuspend(actor=actor_from_request(request), license=license, now=read_clock())


def writable(request: HttpRequest, uid: UUID) -> License:
    """The license, if the caller may change its owner's things."""
    viewer = viewer_of(request)
    license = license_get(viewer, uid)
    company_get(viewer, license.owner.uid, level=AccessLevel.WRITE)
    return license
