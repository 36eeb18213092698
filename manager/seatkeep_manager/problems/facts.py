"""Reads the facts of many devices at once, a fixed number of queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Count, Q
from seatkeep_protocol.subjects import device_key, group_key

from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.enums import ProtectionStatus
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.rules import is_online
from seatkeep_manager.enrollment.broker import company_hex
from seatkeep_manager.problems.rules import TASK_FAILED_FOR, DeviceFacts
from seatkeep_manager.statedocs.models import StateDocument
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import TaskRun

Published = Mapping[str, tuple[int, datetime | None]]


def device_facts(devices: Collection[Device], *, now: datetime) -> dict[int, DeviceFacts]:
    """The facts of devices (with their group selected), by id."""
    ids = [device.pk for device in devices]
    open_all, open_unhandled = _open_detections(ids)
    failed = _failed_tasks(ids, now)
    published = _published(devices)
    return {
        device.pk: DeviceFacts(
            protection=ProtectionStatus(device.protection),
            reasons=tuple(device.protection_reasons),
            lease_error=str(device.lease.get("error") or ""),
            enrolled_at=device.enrolled_at,
            last_seen_at=device.last_seen_at,
            is_online=is_online(online_until=device.online_until, now=now),
            open_detections=open_all.get(device.pk, 0),
            open_unhandled=open_unhandled.get(device.pk, 0),
            failed_tasks=tuple(failed.get(device.pk, ())),
            gap_since=_gap_since(device, published),
            engine_differences=_engine_differences(device),
        )
        for device in devices
    }


def _engine_differences(device: Device) -> tuple[str, ...]:
    reports = device.endpoint_status.get("engines") or []
    return tuple(sorted({name for report in reports for name in report.get("differences") or {}}))


def _open_detections(ids: list[int]) -> tuple[dict[int, int], dict[int, int]]:
    rows = (
        Detection.objects.filter(device_id__in=ids, resolved_at__isnull=True)
        .values("device_id")
        .annotate(total=Count("id"), unhandled=Count("id", filter=Q(item_uid__isnull=True)))
        .values_list("device_id", "total", "unhandled")
    )
    found = list(rows)
    return {pk: total for pk, total, _ in found}, {pk: unhandled for pk, _, unhandled in found}


def _failed_tasks(ids: list[int], now: datetime) -> dict[int, list[str]]:
    """Kinds of which a device's newest ended run failed."""
    ended = TaskRun.objects.filter(
        device_id__in=ids, state__in=[RunState.FINISHED, RunState.FAILED], finished_at__gt=now - TASK_FAILED_FOR
    )
    newest = ended.order_by("device_id", "task__kind", "-finished_at", "-id").distinct("device_id", "task__kind")
    failed: dict[int, list[str]] = defaultdict(list)
    for device_id, kind, state in newest.values_list("device_id", "task__kind", "state"):
        if state == RunState.FAILED:
            failed[device_id].append(kind)
    return failed


def document_keys(device: Device) -> tuple[str, str]:
    """The two documents that a device obeys."""
    return device_key(device.hex_id), group_key(company_hex(device.company_hub_id), device.group.uid.hex)


def _published(devices: Collection[Device]) -> Published:
    keys = {key for device in devices for key in document_keys(device)}
    rows = StateDocument.objects.filter(key__in=keys).values_list("key", "published_version", "published_at")
    return {key: (version, at) for key, version, at in rows}


def _gap_since(device: Device, published: Published) -> datetime | None:
    gaps = []
    for key in document_keys(device):
        version, at = published.get(key, (0, None))
        if at is not None and int(device.applied_versions.get(key, 0)) < version:
            gaps.append(at)
    return min(gaps, default=None)
