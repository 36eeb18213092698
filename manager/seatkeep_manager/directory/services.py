"""Writes of the directory that concern devices and their documents' marks; groups: `group_services`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.outbox.services import outbox_append, outbox_append_many, transactions_rebase

from seatkeep_manager.directory import topics
from seatkeep_manager.directory.enums import DeviceKind, DeviceState
from seatkeep_manager.directory.errors import DeviceNotFoundError, DeviceRetiredError, GroupNotFoundError
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.rules import name_clean


def version_at(now: datetime) -> int:
    """The lowest document version at an instant: microseconds since 1970."""
    return int(now.timestamp() * 1_000_000)


def device_touch(*, device_ids: Iterable[int], now: datetime) -> None:
    """Ask the publisher, in the caller's transaction, to render the documents of these devices anew."""
    payloads = [{"device": device_id} for device_id in device_ids]
    outbox_append_many(topic=topics.DEVICE_CHANGED, payloads=payloads, now=now)


def company_left(*, device_ids: Iterable[int], now: datetime) -> None:
    """Tell the systems above, in the caller's transaction, that these devices stand in another company now."""
    for device_id in device_ids:
        outbox_append(topic=topics.DEVICE_LEFT_COMPANY, payload={"device": device_id}, now=now)


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


@transaction.atomic
def device_move(*, actor: Actor, device_id: int, group_id: int, now: datetime) -> Device:
    """Put a device into another group; no change when it stands there already.

    A move to another company ends its broker credentials, which still open the former one's documents; the agent
    asks for new ones as soon as its device document names the new company.

    Raises:
        DeviceNotFoundError: There is no such device.
        GroupNotFoundError: There is no such group.
        DeviceRetiredError: The device is retired.
    """
    device = _device_lock(device_id)
    group = StaticGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    if device.state == DeviceState.RETIRED:
        raise DeviceRetiredError
    if device.group_id == group.pk:
        return device
    former = device.group
    has_left = device.company_hub_id != group.company_hub_id
    device.group, device.company_hub_id = group, group.company_hub_id
    device.save(update_fields=["group", "company_hub_id"])
    _record(actor, "device:move", device, now, former=str(former.uid), group=str(group.uid))
    device_touch(device_ids=[device.pk], now=now)
    if has_left:
        company_left(device_ids=[device.pk], now=now)
    return device


@transaction.atomic
def device_rename(*, actor: Actor, device_id: int, name: str, now: datetime) -> Device:
    """Give a device a name for people; an empty name brings back the host name.

    Raises:
        DeviceNotFoundError: There is no such device.
        NameInvalidError: The name is too long or holds control characters.
    """
    device = _device_lock(device_id)
    device.display_name = name_clean(name) if name.strip() else ""
    device.save(update_fields=["display_name"])
    _record(actor, "device:rename", device, now, name=device.display_name)
    return device


@transaction.atomic
def device_retire(*, actor: Actor, device_id: int, now: datetime) -> Device:
    """Stop managing a device: its document orders the agent to retire; its history stays. Idempotent.

    Raises:
        DeviceNotFoundError: There is no such device.
    """
    device = _device_lock(device_id)
    if device.state == DeviceState.RETIRED:
        return device
    device.state, device.retired_at = DeviceState.RETIRED, now
    device.save(update_fields=["state", "retired_at"])
    _record(actor, "device:retire", device, now)
    device_touch(device_ids=[device.pk], now=now)
    return device


@transaction.atomic
def device_restore(*, actor: Actor, device_id: int, now: datetime) -> Device:
    """Manage a retired device again. Idempotent.

    Raises:
        DeviceNotFoundError: There is no such device.
    """
    device = _device_lock(device_id)
    if device.state == DeviceState.ACTIVE:
        return device
    device.state, device.retired_at = DeviceState.ACTIVE, None
    device.save(update_fields=["state", "retired_at"])
    _record(actor, "device:restore", device, now)
    device_touch(device_ids=[device.pk], now=now)
    return device


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


def _device_lock(device_id: int) -> Device:
    device = Device.objects.select_for_update(of=("self",)).select_related("group").filter(pk=device_id).first()
    if device is None:
        raise DeviceNotFoundError
    return device


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
