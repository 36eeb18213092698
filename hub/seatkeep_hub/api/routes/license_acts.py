"""What is done to one license: overuse, suspension, trials, another bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.license_schemas import BundleOut, LicenseOut, Quantity
from seatkeep_hub.api.routes.licenses import writable
from seatkeep_hub.licensing.enums import Overuse
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.services import license_overuse_set
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend
from seatkeep_hub.licensing.trials import trial_convert, trial_extend
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.ordering.trials import trial_remove
from seatkeep_hub.ordering.upgrades import bundle_changes, license_bundle_change

router = Router(tags=["Licenses"])
Note = Annotated[str, Field(max_length=500)]


class OveruseIn(Schema):
    """What happens when the seats run out."""

    overuse: Overuse
    grow_ceiling: Quantity | None = None


class SuspendIn(Schema):
    """In which ways a license is suspended; at least one."""

    stops_billing: bool = True
    freezes_changes: bool = True
    protection_stops_at: datetime | None = None
    note: Note = ""


class ConvertIn(Schema):
    """Seats of the full license."""

    quantity: Quantity
    note: Note = ""


class BundleIn(Schema):
    """Another bundle of the same category, with its seats."""

    bundle_code: Annotated[str, Field(max_length=60)]
    quantity: Quantity
    note: Note = ""


class ChangesOut(Schema):
    """Where a license can move."""

    upgrades: list[BundleOut]
    downgrades: list[BundleOut]


@router.put("/licenses/{license_id}/overuse", response=LicenseOut, summary="Set what happens when seats run out")
def license_overuse(request: HttpRequest, license_id: UUID, body: OveruseIn) -> License:
    """Protect and show, refuse, or order more by itself up to a ceiling; no seat in use is cut off."""
    license = decidable(request, license_id)
    return license_overuse_set(
        actor=actor_from_request(request),
        license=license,
        overuse=body.overuse,
        grow_ceiling=body.grow_ceiling,
        now=read_clock(),
    )


@router.post("/licenses/{license_id}/suspend", response=LicenseOut, summary="Suspend a license")
def license_pause(request: HttpRequest, license_id: UUID, body: SuspendIn | None = None) -> License:
    """Stop billing, freeze changes, stop protection on a date: each on its own. Computers go on unless you say so."""
    wanted = body or SuspendIn()
    license = writable(request, license_id)
    return license_suspend(actor=actor_from_request(request), license=license, now=read_clock(), **wanted.dict())


@router.post("/licenses/{license_id}/unsuspend", response=LicenseOut, summary="Take a suspension back")
def license_resume(request: HttpRequest, license_id: UUID) -> License:
    """Take a suspension back in all its ways."""
    license = writable(request, license_id)
    return license_unsuspend(actor=actor_from_request(request), license=license, now=read_clock())


@router.post("/licenses/{license_id}/trial/extend", response=LicenseOut, summary="Extend a trial")
def license_trial_extend(request: HttpRequest, license_id: UUID) -> License:
    """Let it run 30 days longer; twice at most."""
    license = writable(request, license_id)
    return trial_extend(actor=actor_from_request(request), license=license, now=read_clock())


@router.post("/licenses/{license_id}/trial/convert", response=LicenseOut, summary="Convert a trial")
def license_trial_convert(request: HttpRequest, license_id: UUID, body: ConvertIn) -> License:
    """Make it a full license of all its seats or a part."""
    license = decidable(request, license_id)
    return trial_convert(
        actor=actor_from_request(request), license=license, quantity=body.quantity, note=body.note, now=read_clock()
    )


@router.post("/licenses/{license_id}/trial/remove", response=LicenseOut, summary="Remove a trial")
def license_trial_remove(request: HttpRequest, license_id: UUID) -> License:
    """Close its agreements, give back its seats, and end it. A full license is suspended, never removed."""
    license = writable(request, license_id)
    return trial_remove(actor=actor_from_request(request), license=license, now=read_clock())


@router.get("/licenses/{license_id}/changes", response=ChangesOut, summary="List upgrades and downgrades")
def license_changes(request: HttpRequest, license_id: UUID) -> ChangesOut:
    """Bundles of the same category, in a higher or a lower tier."""
    ups, downs = bundle_changes(writable(request, license_id), now=read_clock())
    shown = [[BundleOut.from_orm(one) for one in found] for found in (ups, downs)]
    return ChangesOut(upgrades=shown[0], downgrades=shown[1])


@router.post("/licenses/{license_id}/bundle", response=LicenseOut, summary="Upgrade or downgrade a license")
def license_bundle(request: HttpRequest, license_id: UUID, body: BundleIn) -> License:
    """Move at once; computers of products that are not in the new bundle stop, all others keep their seats."""
    license = decidable(request, license_id)
    return license_bundle_change(actor=actor_from_request(request), license=license, now=read_clock(), **body.dict())


def decidable(request: HttpRequest, uid: UUID) -> License:
    """The license, if the caller may change what is ordered of it without asking the manager above."""
    license = writable(request, uid)
    approval_check(viewer_of(request), license.owner)
    return license
