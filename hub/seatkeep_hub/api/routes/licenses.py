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
from seatkeep_hub.api.license_schemas import BundleOut, LicenseOut, LineIn, Quantity
from seatkeep_hub.api.reauth import recently_signed_in
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.enums import LicenseState
from seatkeep_hub.licensing.models import CredentialSet, License, LicenseEntry
from seatkeep_hub.licensing.selectors import (
    bundle_list,
    credential_list,
    entry_list,
    license_get,
    license_in_state,
    license_list,
    license_search,
)
from seatkeep_hub.licensing.services import credential_show, license_key_show, license_quantity_change
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.ordering.keys import key_replace
from seatkeep_hub.ordering.orders import OrderLine, licenses_order

router = Router(tags=["Licenses"])


class OrderIn(LineIn):
    """A bundle to be ordered, and for whom."""

    owner_id: UUID
    accepted_terms: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()


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


class RotateIn(Schema):
    """What becomes of computers that are activated."""

    ends_leases: bool = False


class CredentialOut(Schema):
    """User name of one product."""

    product: str
    username: str

    @staticmethod
    def resolve_product(one: CredentialSet) -> str:
        """The product's code."""
        return one.product.code


class SecretOut(Schema):
    """User name and secret of one product."""

    username: str
    secret: str


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
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 100,
    owner_id: UUID | None = None,
    state: LicenseState | None = None,
    search: Annotated[str, Field(max_length=100)] = "",
) -> Page[License]:
    """Licenses whose owner you may see; of one owner, in one state, or with words in id, bundle or owner's name."""
    found = license_search(license_list(viewer_of(request)), search)
    if owner_id:
        found = found.filter(owner__uid=owner_id)
    if state:
        found = license_in_state(found, state, now=read_clock())
    return paginate(found, order=("-id",), cursor=cursor, limit=limit)


@router.post("/licenses", response={201: LicenseOut}, summary="Order a bundle")
@idempotent
def license_new(request: HttpRequest, body: OrderIn) -> Status[License]:
    """One license with a key and one credential set per product, shared by the owner's customers."""
    viewer = viewer_of(request)
    owner = company_get(viewer, body.owner_id, level=AccessLevel.WRITE)
    approval_check(viewer, owner)
    line = OrderLine(**body.dict(exclude={"owner_id", "accepted_terms"}))
    (made,) = licenses_order(
        actor=actor_from_request(request),
        owner=owner,
        lines=[line],
        accepted_terms=body.accepted_terms,
        now=read_clock(),
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
    recently_signed_in(request)
    return {"key": license_key_show(actor=actor_from_request(request), license=license, now=read_clock())}


@router.post("/licenses/{license_id}/key/rotate", response=KeyOut, summary="Change the secret key")
def license_key_new(request: HttpRequest, license_id: UUID, body: RotateIn | None = None) -> dict[str, str]:
    """The old key and credentials activate nothing more; computers go on, unless `ends_leases` stops them all."""
    license = writable(request, license_id)
    recently_signed_in(request)
    ends = body is not None and body.ends_leases
    replaced = key_replace(actor=actor_from_request(request), license=license, ends_leases=ends, now=read_clock())
    return {"key": replaced.key}


@router.get(
    "/licenses/{license_id}/credential-sets", response=list[CredentialOut], summary="List user names of a license"
)
def license_credentials(request: HttpRequest, license_id: UUID) -> list[Any]:
    """One set per product, without the secrets."""
    return list(credential_list(license_get(viewer_of(request), license_id)))


@router.post(
    "/licenses/{license_id}/credential-sets/{product}/show", response=SecretOut, summary="Show a secret of a license"
)
def license_credential(request: HttpRequest, license_id: UUID, product: str) -> dict[str, str]:
    """Show user name and secret of one product; noted in the audit log."""
    license = writable(request, license_id)
    recently_signed_in(request)
    shown = credential_show(
        actor=actor_from_request(request), license=license, product_code=product[:60], now=read_clock()
    )
    return {"username": shown.username, "secret": shown.secret}


def writable(request: HttpRequest, uid: UUID) -> License:
    """The license, if the caller may change its owner's things."""
    viewer = viewer_of(request)
    license = license_get(viewer, uid)
    company_get(viewer, license.owner.uid, level=AccessLevel.WRITE)
    approval_check(viewer, license.owner)
    return license
