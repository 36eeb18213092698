"""What the manager knows of a device, in the words of the rules, so that a preview answers as the agent will."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

import msgspec
from seatkeep_protocol.device_status import DeviceStatus, Known, device_status
from seatkeep_protocol.messages import EndpointStatus, Inventory

from seatkeep_manager.directory.models import Device, InventorySnapshot

T = TypeVar("T")


def devices_status(devices: Iterable[Device], *, now: datetime) -> Iterator[tuple[Device, DeviceStatus]]:
    """Yield devices with what rules can be asked of them; two queries.

    Args:
        devices: Devices that the caller may see.
        now: Current time, aware UTC.
    """
    found = list(devices)
    snapshots = {one.device_id: one for one in InventorySnapshot.objects.filter(device__in=found)}
    for device in found:
        yield device, device_status(known_of(device, snapshots.get(device.pk)), now=now)


def known_of(device: Device, snapshot: InventorySnapshot | None) -> Known:
    """Everything last known of a device; what a former version stored in another shape counts as unknown."""
    return Known(
        name=device.name,
        agent_version=device.agent_version,
        inventory=_inventory(device, snapshot) if snapshot else None,
        endpoint=_converted(device.endpoint_status, EndpointStatus) if device.endpoint_status else None,
    )


def _inventory(device: Device, snapshot: InventorySnapshot) -> Inventory | None:
    told = {
        "hostname": device.hostname, "kind": device.kind, "os": snapshot.os, "hardware": snapshot.hardware,
        "software": snapshot.software, "domain": device.domain, "last_user": device.last_user,
    }  # fmt: skip
    return _converted(told, Inventory)


def _converted(told: object, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(told, kind, strict=False)
    except msgspec.ValidationError:
        return None
