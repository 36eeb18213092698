"""The devices that a roll-out has reached, and what they say of themselves."""

from __future__ import annotations

from typing import Any

from seatkeep_protocol.rollouts import place_in_line

from seatkeep_manager.directory.enums import ProtectionStatus
from seatkeep_manager.directory.models import Device
from seatkeep_manager.policies.models import PolicyRollout, PolicyRolloutDevice
from seatkeep_manager.policies.rollout_rules import Report, trouble
from seatkeep_manager.policies.selectors import policy_devices

DEVICES_AT_ONCE = 2_000


def changed_settings(rollout: PolicyRollout) -> dict[str, Any]:
    """The settings in which the newer version differs from the one in force, with what it says of them, if anything."""
    old, new = rollout.policy.settings, rollout.version.settings
    return {name: new.get(name) for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def devices_take_in(rollout: PolicyRollout) -> None:
    """Write down the devices that the present reach takes in for the first time, and whether they are well now.

    Called in the transaction that lets them obey, so what the version breaks on them cannot look as if it had been
    broken before. Idempotent.
    """
    known = rollout.devices.values("device_id")
    devices = policy_devices(rollout.policy).exclude(pk__in=known).values_list("pk", "uid")
    reached = [pk for pk, uid in devices if place_in_line(rollout.uid.hex, uid.hex) < rollout.reach]
    changed = changed_settings(rollout)
    rows = [
        PolicyRolloutDevice(
            rollout=rollout,
            device=device,
            was_well=not trouble(device_report(device), changed),
            reached_at=rollout.stage_at,
        )
        for device in Device.objects.filter(pk__in=reached).iterator(chunk_size=DEVICES_AT_ONCE)
    ]
    PolicyRolloutDevice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=DEVICES_AT_ONCE)


def device_report(device: Device, applied: int = 0) -> Report:
    """What a device last said.

    Args:
        device: The device.
        applied: Version of the document with the policy that it obeys, µs since 1970.
    """
    status: dict[str, Any] = device.endpoint_status
    return Report(
        applied=applied,
        status_at=device.protection_at,
        values=status.get("settings") or {},
        errors=status.get("settings_errors") or {},
        is_unprotected=device.protection == ProtectionStatus.NOT_PROTECTED,
        reasons=device.protection_reasons,
    )
