"""A person stops or resumes a computer in Licensing: the device hears of it at once through its document."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.services import device_touch
from seatkeep_manager.hublink.models import MirroredSeat
from seatkeep_manager.hublink.selectors import seats_stopped_list
from seatkeep_manager.statedocs import rules
from seatkeep_manager.statedocs.licenses import is_released, tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment


@transaction.atomic
def stops_follow(*, seat_ids: Collection[UUID], now: datetime) -> int:
    """Bring assignments to what the hub's feed says of their seats. Idempotent.

    Stopped: the ticket is taken back and the device document says so, until it is resumed in the hub or the license is
    assigned anew here. Resumed: the device may renew, and gets a ticket in case it heard of the stop.

    Args:
        seat_ids: Hub ids of mirrored seats that changed.
        now: Current time, aware UTC.

    Returns:
        How many devices are told.
    """
    changed = [row for seat in seats_stopped_list(seat_ids) for row in _assignments(seat) if _follow(row, seat, now)]
    ids = [row.device_id for row in changed]
    tickets_issue(device_ids=ids, now=now)
    device_touch(device_ids=ids, now=now)
    return len(changed)


@transaction.atomic
def assignments_renew(*, device_ids: Collection[int], now: datetime) -> None:
    """Let devices of a returned customer take their seats anew: their off-boarding stopped them, not a person."""
    rows = LicenseAssignment.objects.filter(device_id__in=device_ids, is_withdrawn=False)
    rows.update(is_stopped=False, assigned_at=now)
    tickets_issue(device_ids=device_ids, now=now)
    device_touch(device_ids=device_ids, now=now)


def _assignments(seat: MirroredSeat) -> list[LicenseAssignment]:
    """The device is known by its endpoint's key, which it proved in the hub, within the seat's own customer."""
    rows = LicenseAssignment.objects.select_for_update(of=("self",)).filter(
        device__endpoint_thumbprint=seat.key_thumbprint,
        device__company_hub_id=seat.company_hub_id,
        license_public_id=seat.license_public_id,
        product=seat.product,
        is_withdrawn=False,
    )
    return list(rows.select_related("device").order_by("pk"))


def _follow(row: LicenseAssignment, seat: MirroredSeat, now: datetime) -> bool:
    is_stopped = rules.is_stop_newer(
        is_stopped=seat.is_stopped and not seat.is_deleted, ended_at=seat.ended_at, assigned_at=row.assigned_at
    )
    is_resumed = not is_stopped and not seat.is_stopped and (row.is_stopped or is_released(row))
    if is_stopped == row.is_stopped and not is_resumed:
        return False
    row.is_stopped = is_stopped
    if is_resumed:
        row.assigned_at = now
    row.save(update_fields=["is_stopped", "assigned_at"])
    _record(row, "stop" if is_stopped else "resume", now)
    return True


def _record(row: LicenseAssignment, verb: str, now: datetime) -> None:
    audit_record(
        actor=Actor.system("licensing"),
        action=f"license:{verb}",
        subject_type="device",
        subject_id=str(row.device.uid),
        company_uid=row.device.company_hub_id,
        details={"license": row.license_public_id, "product": row.product},
        now=now,
    )
