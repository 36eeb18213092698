"""Which license a device is to hold, and the ticket that lets its endpoint activate."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from seatkeep_license.encoding import seconds_of
from seatkeep_license.leases import Confirmation
from seatkeep_license.tickets import Ticket, ticket_sign
from seatkeep_protocol.vocabulary import LicenseState
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_touch
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.hublink.selectors import companies_of_shares, license_for_company, link_get
from seatkeep_manager.hublink.services import instance_key
from seatkeep_manager.statedocs import rules
from seatkeep_manager.statedocs.errors import NoLicenseForDeviceError
from seatkeep_manager.statedocs.models import LicenseAssignment


@transaction.atomic
def license_assign(
    *, actor: Actor, device: Device, license_public_id: str, product: str, now: datetime
) -> LicenseAssignment:
    """Tell a device to hold a seat of a license; it activates as soon as it hears of it. Idempotent.

    Assigned anew to a device that was stopped in Licensing, it takes a seat again: the newer decision counts.
    """
    found = LicenseAssignment.objects.select_for_update().filter(device=device).first()
    is_here = found is not None and found.company_hub_id == device.company_hub_id
    if found is not None and is_here and _is_in_force(found, license_public_id, product):
        return found
    LicenseAssignment.objects.filter(device=device).delete()
    assignment = LicenseAssignment.objects.create(
        device=device,
        license_public_id=license_public_id,
        product=product,
        company_hub_id=device.company_hub_id,
        assigned_at=now,
    )
    _record(actor, "license:assign", device, now, license=license_public_id, product=product)
    tickets_issue(device_ids=[device.pk], now=now)
    device_touch(device_ids=[device.pk], now=now)
    return assignment


@transaction.atomic
def license_assign_fitting(*, actor: Actor, device: Device, now: datetime) -> LicenseAssignment:
    """Assign the customer's license that has the product for this kind of device.

    Raises:
        NoLicenseForDeviceError: There is none, or the device belongs to no customer.
    """
    product = rules.PRODUCT_OF_KIND.get(device.kind)
    if product is None or device.company_hub_id is None:
        raise NoLicenseForDeviceError
    found = license_for_company(company_hub_id=device.company_hub_id, product=product)
    if found is None:
        raise NoLicenseForDeviceError
    return license_assign(actor=actor, device=device, license_public_id=found.public_id, product=product, now=now)


@transaction.atomic
def license_assign_enrolled(*, device_id: int, token_id: int | None, now: datetime) -> LicenseAssignment | None:
    """Assign to a device that just joined what its key says, else what fits; None when there is nothing. Idempotent."""
    device = Device.objects.filter(pk=device_id).first()
    if device is None or LicenseAssignment.objects.filter(device=device).exists():
        return None
    actor = Actor.system("enrollment")
    token = EnrollmentToken.objects.filter(pk=token_id).first() if token_id else None
    wanted = rules.PRODUCT_OF_KIND.get(device.kind)
    chosen = next((entry for entry in (token.products if token else []) if entry.get("product") == wanted), None)
    if chosen is not None:
        return license_assign(
            actor=actor, device=device, license_public_id=chosen["license"], product=chosen["product"], now=now
        )
    try:
        return license_assign_fitting(actor=actor, device=device, now=now)
    except NoLicenseForDeviceError:
        return None


@transaction.atomic
def license_assign_waiting(*, share_ids: Collection[UUID], now: datetime) -> int:
    """Assign what fits to devices without a license whose customer's seats the hub just told of. Idempotent.

    A device that has a license keeps it.

    Args:
        share_ids: Hub ids of changed licenses or of customers' seats.
        now: Current time, aware UTC.

    Returns:
        How many devices got one.
    """
    waiting = Device.objects.filter(
        company_hub_id__in=companies_of_shares(share_ids), state=DeviceState.ACTIVE, license_assignments__isnull=True
    )
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return sum(license_assign_enrolled(device_id=pk, token_id=None, now=now) is not None for pk in ids)


@transaction.atomic
def licenses_follow(*, device_ids: Collection[int], now: datetime) -> int:
    """Give devices that moved to another company a seat of that one instead of the former's. Idempotent.

    A device whose license a person took away stays without, and so does one that was stopped in Licensing. Where the
    company has none that fits, the device gives its seat back, and gets one as soon as the company has it
    (`license_assign_waiting`).

    Returns:
        How many devices' licenses changed.
    """
    rows = LicenseAssignment.objects.select_for_update(of=("self",)).select_related("device")
    moved = rows.filter(device_id__in=device_ids, is_withdrawn=False, device__state=DeviceState.ACTIVE)
    foreign = [row for row in moved.order_by("device_id") if row.company_hub_id != row.device.company_hub_id]
    actor = Actor.system("move")
    for row in foreign:
        if row.is_stopped:
            license_unassign(actor=actor, device=row.device, now=now)
            continue
        try:
            made = license_assign_fitting(actor=actor, device=row.device, now=now)
        except NoLicenseForDeviceError:
            row.delete()
            _record(actor, "license:unassign", row.device, now)
            continue
        made.moved_from = row.company_hub_id
        made.save(update_fields=["moved_from"])
    tickets_issue(device_ids=[row.device_id for row in foreign], now=now)
    device_touch(device_ids=[row.device_id for row in foreign], now=now)
    return len(foreign)


@transaction.atomic
def license_unassign(*, actor: Actor, device: Device, now: datetime) -> None:
    """Tell a device to hold no seat: its endpoint gives it back, and nothing assigns one by itself. Idempotent."""
    rows = LicenseAssignment.objects.filter(device=device, is_withdrawn=False)
    if rows.update(is_withdrawn=True, ticket="", ticket_thumbprint="", ticket_expires_at=None):
        _record(actor, "license:unassign", device, now)
        device_touch(device_ids=[device.pk], now=now)


@transaction.atomic
def tickets_issue(*, device_ids: Collection[int], now: datetime) -> int:
    """Give tickets to devices whose endpoint key is known and that hold no seat, take them back from those that do.

    Without a hub link nothing is issued; the next call after linking does it.

    Returns:
        How many devices' documents change.
    """
    link = link_get()
    rows = LicenseAssignment.objects.select_for_update(of=("self",)).select_related("device").filter(is_withdrawn=False)
    changed = [row for row in rows.filter(device_id__in=device_ids).order_by("pk") if _ticket_update(row, link, now)]
    LicenseAssignment.objects.bulk_update(changed, ["ticket", "ticket_thumbprint", "ticket_expires_at"])
    device_touch(device_ids=[row.device_id for row in changed], now=now)
    return len(changed)


def _ticket_update(row: LicenseAssignment, link: HubLink, now: datetime) -> bool:
    lease: dict[str, Any] = row.device.lease
    state = LicenseState(lease.get("state", LicenseState.NONE))
    is_right = lease.get("public_id") == row.license_public_id and not _is_left_behind(lease, row)
    is_stopped = row.is_stopped or is_released(row)
    if row.ticket and (is_stopped or rules.holds_seat(license_state=state, is_right_license=is_right)):
        row.ticket, row.ticket_thumbprint, row.ticket_expires_at = "", "", None
        return True
    is_due = rules.is_ticket_due(
        endpoint_thumbprint=row.device.endpoint_thumbprint,
        ticket_thumbprint=row.ticket_thumbprint,
        ticket_expires_at=row.ticket_expires_at,
        license_state=state,
        is_right_license=is_right,
        is_stopped=is_stopped,
        now=now,
    )
    if not is_due or link.instance_id is None or row.device.company_hub_id is None:
        return False
    row.ticket_thumbprint = row.device.endpoint_thumbprint
    row.ticket_expires_at = now + rules.TICKET_LIFE
    row.ticket = _ticket(row, link, now)
    return True


def _is_left_behind(lease: Mapping[str, Any], row: LicenseAssignment) -> bool:
    """Whether a device still holds the seat of the company it left: the license is the same, the customer is not.

    A person may let a seat count elsewhere in Licensing, so any other company is right. An endpoint of an older release
    does not say for whom its seat counts.
    """
    told = str(lease.get("company") or "").replace("-", "").lower()
    return row.moved_from is not None and told == row.moved_from.hex


def is_released(row: LicenseAssignment) -> bool:
    """Whether the hub told the device, since the license was assigned, that its seat was taken back."""
    return rules.is_release_told(
        refusal=row.device.lease.get("error") or "", told_at=row.device.protection_at, assigned_at=row.assigned_at
    )


def _is_in_force(row: LicenseAssignment, license_public_id: str, product: str) -> bool:
    is_same = (row.license_public_id, row.product) == (license_public_id, product)
    return is_same and not (row.is_withdrawn or row.is_stopped or is_released(row))


def _ticket(row: LicenseAssignment, link: HubLink, now: datetime) -> str:
    ticket = Ticket(
        iss=str(link.instance_id),
        aud=link.licensing_device_url,
        license=row.license_public_id,
        product=row.product,
        company=str(row.device.company_hub_id),
        cnf=Confirmation(jkt=row.ticket_thumbprint),
        task=str(row.uid),
        iat=seconds_of(now),
        exp=seconds_of(now + rules.TICKET_LIFE),
        jti=str(uuid.uuid4()),
    )
    return ticket_sign(ticket, instance_key(now=now))


def _record(actor: Actor, action: str, device: Device, now: datetime, **details: str | int | bool | None) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="device",
        subject_id=str(device.uid),
        company_uid=device.company_hub_id,
        details=details,
        now=now,
    )
