"""What each kind of message changes; called with the devices' rows locked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
from django.db import connection
from seatkeep_protocol.messages import (
    DetectionEvent,
    EndpointStatus,
    Heartbeat,
    Inventory,
    QuarantineEvent,
    TaskRunEvent,
)
from seatkeep_protocol.protection import protection_status

from seatkeep_manager.detections.rules import DetectionReport, QuarantineReport
from seatkeep_manager.detections.services import detections_report, quarantine_report
from seatkeep_manager.directory.models import Device
from seatkeep_manager.grouping.services import memberships_take
from seatkeep_manager.ingest.decoding import Message, Refused, is_newer
from seatkeep_manager.ingest.pretenders import RUN_FOREIGN
from seatkeep_manager.problems.conditions import inventories_keep, statuses_keep
from seatkeep_manager.statedocs.licenses import tickets_issue
from seatkeep_manager.tasks.group_services import group_runs_begin
from seatkeep_manager.tasks.isolation import isolations_take
from seatkeep_manager.tasks.rules import RunReport
from seatkeep_manager.tasks.services import runs_of_others, task_runs_report

_SQL = files(__package__).joinpath("sql")
_HEARTBEATS = _SQL.joinpath("heartbeats.sql").read_text()
_INVENTORIES = _SQL.joinpath("inventories.sql").read_text()
LEASE_INTERVALS = 2.5
"""How many heartbeat intervals one heartbeat keeps a device online."""

Mine = tuple[int, Message]
BodyT = TypeVar("BodyT")


def apply(messages: Sequence[Mine], *, now: datetime) -> list[Refused]:
    """Give messages their effect.

    Args:
        messages: (device id, message) pairs.
        now: Current time, aware UTC.

    Returns:
        Those that tell of what cannot be; they had no effect.
    """
    _heartbeats(_of(messages, Heartbeat), now)
    _inventories(_of(messages, Inventory), now)
    _statuses(_of(messages, EndpointStatus), now)
    _detections(_of(messages, DetectionEvent), now)
    _quarantine(_of(messages, QuarantineEvent), now)
    return _runs(_of(messages, TaskRunEvent), now)


def _of(messages: Sequence[Mine], kind: type[BodyT]) -> list[tuple[int, Message, BodyT]]:
    return [(pk, message, message.body) for pk, message in messages if isinstance(message.body, kind)]


def _newest(found: list[tuple[int, Message, BodyT]]) -> list[tuple[int, Message, BodyT]]:
    """The newest of each device, ordered by device id."""
    newest: dict[int, tuple[int, Message, BodyT]] = {}
    for each in found:
        kept = newest.get(each[0])
        if kept is None or is_newer(**_place(each[1]), known=tuple(_place(kept[1]).values())):
            newest[each[0]] = each
    return [newest[pk] for pk in sorted(newest)]


def _place(message: Message) -> Any:
    envelope = message.envelope
    return {"spool": envelope.spool.hex, "seq": envelope.seq, "at_us": envelope.at_us}


def _heartbeats(found: list[tuple[int, Message, Heartbeat]], now: datetime) -> None:
    newest = {each[0]: each for each in _newest(found)}
    rows = [_heartbeat_row(*each) for each in newest.values()]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HEARTBEATS, [msgspec.json.encode(rows).decode()])
        taken = [row[0] for row in cursor.fetchall()]
    groups = {pk: newest[pk][2].groups for pk in taken}
    memberships_take(told={pk: told for pk, told in groups.items() if told is not None}, now=now)
    isolations_take(told={pk: newest[pk][2].isolation for pk in taken}, now=now)


def _heartbeat_row(pk: int, message: Message, body: Heartbeat) -> dict[str, Any]:
    received = message.incoming.received_at
    return {
        "id": pk,
        **_place(message),
        "received_at": received,
        "online_until": received + timedelta(seconds=body.interval_seconds * LEASE_INTERVALS),
        "agent_version": body.agent_version,
        "applied": body.applied,
        "waiting": body.spool_waiting,
        "addresses": body.addresses,
        "user_name": body.user,
    }


def _inventories(found: list[tuple[int, Message, Inventory]], now: datetime) -> None:
    newest = _newest(found)
    rows = [_inventory_row(pk, message, body, now) for pk, message, body in newest]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_INVENTORIES, [msgspec.json.encode(rows).decode()])
        taken = {row[0] for row in cursor.fetchall()}
    inventories_keep({pk: body for pk, _, body in newest if pk in taken}, now=now)


def _inventory_row(pk: int, message: Message, body: Inventory, now: datetime) -> dict[str, Any]:
    return {
        "device_id": pk,
        **_place(message),
        "taken_at": instant(message.envelope.at_us),
        "received_at": now,
        "hardware": body.hardware,
        "os": body.os,
        "software": body.software,
        "fingerprint": body.fp,
        **_inventory_columns(body),
    }


def _inventory_columns(body: Inventory) -> dict[str, Any]:
    """What of an inventory stands in the device's own row, for lists."""
    hardware = body.hardware
    return {
        "hostname": body.hostname,
        "kind": body.kind.value,
        "os_family": body.os.family.value,
        "os_name": body.os.name,
        "os_version": body.os.version,
        "os_edition": body.os.edition,
        "os_build": body.os.build,
        "architecture": body.os.arch,
        "domain": body.domain,
        "last_user": body.last_user,
        "serial": hardware.serial,
        "manufacturer": hardware.manufacturer,
        "model": hardware.model,
        "cpu": hardware.cpu,
        "cpu_count": min(hardware.cpu_cores, 2**31 - 1) or None,
        "memory_bytes": hardware.ram_bytes or None,
        "disk_bytes": min(sum(disk.size_bytes for disk in hardware.disks), 2**62) or None,
    }


def _statuses(found: list[tuple[int, Message, EndpointStatus]], now: datetime) -> None:
    newest = {pk: (message, body) for pk, message, body in _newest(found)}
    changed: list[int] = []
    taken: dict[int, EndpointStatus] = {}
    for device in Device.objects.filter(pk__in=newest).order_by("pk"):
        message, body = newest[device.pk]
        known = (device.status_spool, device.status_seq, device.status_at_us)
        if not is_newer(**_place(message), known=known):
            continue
        former = (device.endpoint_thumbprint, device.lease)
        _status_write(device, message, body, now)
        taken[device.pk] = body
        if (device.endpoint_thumbprint, device.lease) != former:
            changed.append(device.pk)
    statuses_keep(taken)
    tickets_issue(device_ids=changed, now=now)


def _status_write(device: Device, message: Message, body: EndpointStatus, now: datetime) -> None:
    place = _place(message)
    judged = protection_status(body.capabilities, body.license.state, open_threats=body.open_threats, now=now)
    device.status_spool, device.status_seq, device.status_at_us = place["spool"], place["seq"], place["at_us"]
    device.endpoint_thumbprint = body.key_jkt
    device.protection = judged.status.value
    device.protection_reasons = [reason.value for reason in judged.reasons]
    device.protection_at = message.incoming.received_at
    device.lease = {**msgspec.to_builtins(body.license), "product": body.product}
    device.endpoint_status = msgspec.to_builtins(body)
    device.save(update_fields=_STATUS_COLUMNS)


_STATUS_COLUMNS = [
    "status_spool", "status_seq", "status_at_us", "endpoint_thumbprint", "protection", "protection_reasons",
    "protection_at", "lease", "endpoint_status",
]  # fmt: skip


def _detections(found: list[tuple[int, Message, DetectionEvent]], now: datetime) -> None:
    reports = [
        DetectionReport(
            uid=body.detection,
            device_id=pk,
            at=instant(body.at_us),
            product=body.product,
            engine=body.engine,
            name=body.threat,
            severity=body.severity,
            path=body.path,
            sha256=body.sha256,
            size_bytes=body.size_bytes,
            action=body.action,
            is_test=body.is_test_rule,
            run_uid=body.run,
            item_uid=body.item,
            user_name=body.user,
        )
        for pk, _, body in found
    ]
    if reports:
        detections_report(reports=reports, now=now)


def _quarantine(found: list[tuple[int, Message, QuarantineEvent]], now: datetime) -> None:
    reports = [
        QuarantineReport(
            item_uid=body.item,
            device_id=pk,
            state=body.state,
            at=instant(body.at_us),
            path=body.path,
            sha256=body.sha256,
            size_bytes=body.size_bytes,
            name=body.threat,
            detection_uid=body.detection,
            detail=body.detail,
        )
        for pk, _, body in found
    ]
    if reports:
        quarantine_report(reports=reports, now=now)


def _runs(found: list[tuple[int, Message, TaskRunEvent]], now: datetime) -> list[Refused]:
    reports = [
        RunReport(
            run_uid=body.run,
            device_id=pk,
            state=body.state,
            at=instant(body.at_us),
            progress=body.progress_percent,
            detail=body.detail,
            result=body.result,
            task_uid=body.task,
            fired_at_us=body.fired_at_us,
        )
        for pk, _, body in found
    ]
    if not reports:
        return []
    foreign = {id(one) for one in [*group_runs_begin(reports=reports, now=now), *runs_of_others(reports)]}
    task_runs_report(reports=reports, now=now)
    told = zip(found, reports, strict=True)
    return [Refused(message.incoming, RUN_FOREIGN) for (_, message, _), report in told if id(report) in foreign]


def instant(at_us: int) -> datetime:
    """The instant of µs since 1970; beyond the year 9000 a device's clock is nonsense and the latest is taken."""
    return datetime.fromtimestamp(min(at_us, 221_845_392_000_000_000) / 1_000_000, UTC)
