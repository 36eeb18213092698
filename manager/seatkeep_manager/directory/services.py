"""Writes of the directory that concern devices and their documents' marks; groups: `group_services`."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Detail, Subject, audit_record, audit_record_many
from seatkeep_webkit.outbox.services import outbox_append, outbox_append_many, transactions_rebase

from seatkeep_manager.directory import topics
from seatkeep_manager.directory.enums import DeviceKind, DeviceState, GroupKind
from seatkeep_manager.directory.errors import (
    DeviceNotFoundError,
    DeviceRetiredError,
    GroupHoldsNoDevicesError,
    GroupNotFoundError,
    MuteInvalidError,
)
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.rules import name_clean

LONGEST_MUTE = timedelta(days=366)


def version_at(now: datetime) -> int:
    """The lowest document version at an instant: microseconds since 1970."""
    return int(now.timestamp() * 1_000_000)


def device_touch(*, device_ids: Iterable[int], now: datetime) -> None:
    """Ask the publisher, in the caller's transaction, to render the documents of these devices anew."""
    payloads = [{"device": device_id} for device_id in device_ids]
    outbox_append_many(topic=topics.DEVICE_CHANGED, payloads=payloads, now=now)


def company_left(*, device_ids: Iterable[int], now: datetime) -> None:
    """Tell the systems above, in the caller's transaction, that these devices stand in another company now."""
    payloads = [{"device": device_id} for device_id in device_ids]
    outbox_append_many(topic=topics.DEVICE_LEFT_COMPANY, payloads=payloads, now=now)


def group_touch(*, group_ids: Iterable[int], now: datetime) -> None:
    """Ask the publisher, in the caller's transaction, to render the documents of these groups and all below anew."""
    payloads = [{"group": group_id} for group_id in group_ids]
    outbox_append_many(topic=topics.GROUP_CHANGED, payloads=payloads, now=now)


def instance_touch(*, now: datetime) -> None:
    """Ask the publisher, in the caller's transaction, for a new version of every document, also of unchanged ones."""
    outbox_append(topic=topics.INSTANCE_CHANGED, payload={}, now=now)


@transaction.atomic
def device_create(
    *, actor: Actor, group_id: int, hostname: str, kind: DeviceKind, now: datetime, **agent: Any
) -> Device:
    """Make a device in a group.

    Args:
        actor: Who does it.
        group_id: Where it stands; its company becomes the group's.
        hostname: Its own name.
        kind: Workstation, server or mobile.
        now: Current time, aware UTC.
        agent: Columns of Device that the enrollment knows (agent_thumbprint, agent_jwk, x25519, nkey, …).

    Raises:
        GroupNotFoundError: There is no such group.
    """
    group = StaticGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    device = Device.objects.create(
        group=group,
        company_hub_id=group.company_hub_id,
        hostname=hostname,
        kind=kind,
        enrolled_at=now,
        document_floor=version_at(now),
        **agent,
    )
    _record(actor, "device:create", device, now, hostname=hostname, group=str(group.uid))
    device_touch(device_ids=[device.pk], now=now)
    return device


def device_move(*, actor: Actor, device_id: int, group_id: int, now: datetime) -> Device:
    """Put a device into another group; no change when it stands there already. See `devices_put`.

    Raises:
        DeviceNotFoundError: There is no such device.
        GroupNotFoundError: There is no such group.
        GroupHoldsNoDevicesError: Only groups can stand there.
        DeviceRetiredError: The device is retired.
    """
    with transaction.atomic():
        device = _device_lock(device_id)
        devices_put(actor=actor, devices=[device], group=group_for_devices(group_id), now=now)
    return device


def group_for_devices(group_id: int) -> StaticGroup:
    """A group that may hold devices.

    Raises:
        GroupNotFoundError: There is no such group.
        GroupHoldsNoDevicesError: Only groups can stand there.
    """
    group = StaticGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    if group.kind in (GroupKind.ROOT, GroupKind.COMPANIES):
        raise GroupHoldsNoDevicesError
    return group


@transaction.atomic
def devices_put(*, actor: Actor, devices: Sequence[Device], group: StaticGroup, now: datetime) -> list[Device]:
    """Put locked devices into a group; returns those that stood elsewhere. Statements do not grow with them.

    A move to another company ends the broker credentials, which still open the former one's documents; the agent asks
    for new ones as soon as its device document names the new company. Its license follows too (`license_follow`).

    Raises:
        DeviceRetiredError: One is retired; none was moved.
    """
    if any(device.state == DeviceState.RETIRED for device in devices):
        raise DeviceRetiredError
    moved = [device for device in devices if device.group_id != group.pk]
    left = [device.pk for device in moved if device.company_hub_id != group.company_hub_id]
    former = {device.pk: str(device.group.uid) for device in moved}
    Device.objects.filter(pk__in=former).update(group=group, company_hub_id=group.company_hub_id)
    for device in moved:
        device.group, device.company_hub_id = group, group.company_hub_id
    details = {pk: {"former": uid, "group": str(group.uid)} for pk, uid in former.items()}
    _record_many(actor, "device:move", moved, details, now)
    device_touch(device_ids=former, now=now)
    company_left(device_ids=left, now=now)
    return moved


def device_rename(*, actor: Actor, device_id: int, name: str, now: datetime) -> Device:
    """Give a device a name for people; an empty name brings back the host name.

    Raises:
        DeviceNotFoundError: There is no such device.
        NameInvalidError: The name is too long or holds control characters.
    """
    with transaction.atomic():
        device = _device_lock(device_id)
        devices_name(actor=actor, devices=[device], names={device.pk: name}, now=now)
    return device


@transaction.atomic
def devices_name(*, actor: Actor, devices: Sequence[Device], names: Mapping[int, str], now: datetime) -> list[Device]:
    """Give locked devices names for people, by id; an empty one brings back the host name. Returns those that changed.

    Raises:
        NameInvalidError: One is too long or holds control characters; none was changed.
    """
    cleaned = {pk: name_clean(name) if name.strip() else "" for pk, name in names.items()}
    renamed = [device for device in devices if device.display_name != cleaned[device.pk]]
    for device in renamed:
        device.display_name = cleaned[device.pk]
    Device.objects.bulk_update(renamed, ["display_name"], batch_size=500)
    _record_many(actor, "device:rename", renamed, {one.pk: {"name": one.display_name} for one in renamed}, now)
    device_touch(device_ids=[device.pk for device in renamed], now=now)
    return renamed


def device_retire(*, actor: Actor, device_id: int, now: datetime) -> Device:
    """Stop managing a device: its document orders the agent to retire; its history stays. Idempotent.

    Raises:
        DeviceNotFoundError: There is no such device.
    """
    with transaction.atomic():
        device = _device_lock(device_id)
        devices_set_state(actor=actor, devices=[device], state=DeviceState.RETIRED, now=now)
    return device


def device_restore(*, actor: Actor, device_id: int, now: datetime) -> Device:
    """Manage a retired device again. Idempotent.

    Raises:
        DeviceNotFoundError: There is no such device.
    """
    with transaction.atomic():
        device = _device_lock(device_id)
        devices_set_state(actor=actor, devices=[device], state=DeviceState.ACTIVE, now=now)
    return device


@transaction.atomic
def devices_set_state(*, actor: Actor, devices: Sequence[Device], state: DeviceState, now: datetime) -> list[Device]:
    """Manage locked devices, or stop managing them; returns those that changed. Idempotent."""
    changed = [device for device in devices if device.state != state]
    for device in changed:
        device.state, device.retired_at = state, now if state == DeviceState.RETIRED else None
    ids = [device.pk for device in changed]
    Device.objects.filter(pk__in=ids).update(state=state, retired_at=now if state == DeviceState.RETIRED else None)
    action = "device:retire" if state == DeviceState.RETIRED else "device:restore"
    _record_many(actor, action, changed, {}, now)
    device_touch(device_ids=ids, now=now)
    return changed


@transaction.atomic
def devices_mute(*, actor: Actor, device_ids: Collection[int], until: datetime | None, now: datetime) -> int:
    """Let nothing that is wrong with devices count as a problem until an instant; None ends it. Returns how many.

    Raises:
        MuteInvalidError: The instant has passed, or lies more than a year ahead.
    """
    if until is not None and not now < until <= now + LONGEST_MUTE:
        raise MuteInvalidError(fields={"until": [MuteInvalidError.message]})
    devices = devices_lock(device_ids)
    Device.objects.filter(pk__in=[device.pk for device in devices]).update(muted_until=until)
    text = until.isoformat() if until else None
    action = "device:mute" if until else "device:unmute"
    _record_many(actor, action, devices, {device.pk: {"until": text} for device in devices}, now)
    return len(devices)


@transaction.atomic
def instance_mark_restored(*, actor: Actor, now: datetime) -> uuid.UUID:
    """After a restore from a backup: ask every agent for a full report and publish every document anew.

    All transaction ids that the backup brought become older than any of this PostgreSQL. Run it before anybody writes.

    Returns:
        The new restore id, which stands in every device document.
    """
    from seatkeep_manager.directory.identity import instance_ensure

    transactions_rebase()
    instance = instance_ensure(now=now)
    instance.restore_id = uuid.uuid4()
    instance.save(update_fields=["restore_id"])
    audit_record(
        actor=actor,
        action="instance:restore",
        subject_type="instance",
        subject_id=str(instance.uid),
        details={},
        now=now,
    )
    instance_touch(now=now)
    return instance.restore_id


def devices_lock(device_ids: Iterable[int]) -> list[Device]:
    """The devices with their groups, locked until the caller's transaction ends, in the order of their ids."""
    rows = Device.objects.select_for_update(of=("self",)).select_related("group")
    return list(rows.filter(pk__in=list(device_ids)).order_by("pk"))


def _device_lock(device_id: int) -> Device:
    found = devices_lock([device_id])
    if not found:
        raise DeviceNotFoundError
    return found[0]


def _record_many(
    actor: Actor, action: str, devices: Iterable[Device], details: Mapping[int, Mapping[str, Detail]], now: datetime
) -> None:
    subjects = [Subject(str(one.uid), one.company_hub_id, details.get(one.pk, {})) for one in devices]
    audit_record_many(actor=actor, action=action, subject_type="device", subjects=subjects, now=now)


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
