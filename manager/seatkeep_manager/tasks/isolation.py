"""Which computers are cut off the network: what they say themselves, kept beside who ordered it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import transaction
from seatkeep_protocol.messages import IsolationState
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.models import Device
from seatkeep_manager.tasks.models import DeviceIsolation

LATEST = datetime(9000, 1, 1, tzinfo=UTC)


@transaction.atomic
def isolations_take(*, told: Mapping[int, IsolationState | None], now: datetime) -> None:
    """Keep what heartbeats say.

    Args:
        told: Device id → how it is cut off, None while it is not.
        now: Current time, aware UTC.
    """
    known = {row.device_id: row for row in DeviceIsolation.objects.filter(device_id__in=told)}
    fresh = [_row(pk, state) for pk, state in told.items() if state is not None]
    changed = [row for row in fresh if row.device_id not in known or _facts(known[row.device_id]) != _facts(row)]
    ended = [pk for pk in known if told[pk] is None]
    if not changed and not ended:
        return
    DeviceIsolation.objects.bulk_create(
        changed, update_conflicts=True, unique_fields=["device"], update_fields=["since", "until", "by", "reason"]
    )
    DeviceIsolation.objects.filter(device_id__in=ended).delete()
    began = {row.device_id for row in changed} - known.keys()
    for device in Device.objects.filter(pk__in=began | set(ended)).order_by("pk"):
        audit_record(
            actor=Actor.system("agent"),
            action="device:isolated" if device.pk in began else "device:released",
            subject_type="device",
            subject_id=str(device.uid),
            company_uid=device.company_hub_id,
            details={},
            now=now,
        )


def device_isolation(device: Device) -> DeviceIsolation | None:
    """How a device that the caller may see is cut off; None while it is not."""
    return DeviceIsolation.objects.filter(device=device).first()


def _row(device_id: int, state: IsolationState) -> DeviceIsolation:
    since, until = _instant(state.since_us), _instant(state.until_us)
    return DeviceIsolation(
        device_id=device_id, since=since, until=until, by=_clean(state.by), reason=_clean(state.reason)
    )


def _facts(row: DeviceIsolation) -> tuple[object, ...]:
    return row.since, row.until, row.by, row.reason


def _instant(at_us: int) -> datetime:
    """The device's word; a nonsense clock gives the latest."""
    return min(datetime.fromtimestamp(min(at_us, 2**57) / 1_000_000, UTC), LATEST)


def _clean(text: str) -> str:
    return text.replace("\0", "")
