"""Writes of detections and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from seatkeep_protocol.vocabulary import QuarantineState as WireState
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.detections import rules
from seatkeep_manager.detections.enums import QuarantineState, Resolution
from seatkeep_manager.detections.errors import DetectionNotFoundError
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.detections.rules import DetectionReport, QuarantineReport


@transaction.atomic
def detections_report(*, reports: Sequence[DetectionReport], now: datetime) -> set[int]:
    """Take in findings; one that is known already has no effect. Returns the ids of the devices."""
    Detection.objects.bulk_create([_detection(report, now) for report in reports], ignore_conflicts=True)
    devices = {report.device_id for report in reports}
    _settle(devices, now)
    return devices


@transaction.atomic
def quarantine_report(*, reports: Sequence[QuarantineReport], now: datetime) -> set[int]:
    """Take in what became of quarantined files; duplicates and any order are fine. Returns the ids of the devices."""
    for report in sorted(reports, key=lambda r: (r.device_id, r.item_uid, r.at)):
        _quarantine_apply(report)
    devices = {report.device_id for report in reports}
    _settle(devices, now)
    return devices


@transaction.atomic
def detection_resolve(
    *, actor: Actor, detection_id: int, resolution: Resolution, note: str = "", now: datetime
) -> Detection:
    """Close a detection by hand; one that is closed already stays as it is.

    Raises:
        DetectionNotFoundError: There is no such detection.
    """
    detection = (
        Detection.objects.select_for_update(of=("self",)).select_related("device").filter(pk=detection_id).first()
    )
    if detection is None:
        raise DetectionNotFoundError
    if detection.resolved_at is not None:
        return detection
    detection.resolved_at, detection.resolution = now, resolution
    detection.resolved_by, detection.note = actor.label, note[:2000]
    detection.save(update_fields=["resolved_at", "resolution", "resolved_by", "note"])
    audit_record(
        actor=actor,
        action="detection:resolve",
        subject_type="detection",
        subject_id=str(detection.uid),
        company_uid=detection.device.company_hub_id,
        details={"resolution": str(resolution)},
        now=now,
    )
    return detection


def _detection(report: DetectionReport, now: datetime) -> Detection:
    resolution = rules.resolution_at_once(report.action)
    return Detection(
        uid=report.uid,
        device_id=report.device_id,
        product=report.product,
        name=report.name,
        severity=report.severity.value,
        engine=report.engine,
        path=report.path,
        sha256=report.sha256,
        size_bytes=report.size_bytes,
        action=report.action.value,
        is_test=report.is_test,
        run_uid=report.run_uid,
        item_uid=report.item_uid,
        user_name=report.user_name,
        occurred_at=report.at,
        received_at=now,
        resolved_at=now if resolution else None,
        resolution=resolution or "",
        resolved_by=report.engine if resolution else "",
    )


def _quarantine_apply(report: QuarantineReport) -> None:
    item = (
        QuarantineItem.objects.select_for_update().filter(device_id=report.device_id, item_uid=report.item_uid).first()
    )
    if item is None:
        _quarantine_insert(report)
        return
    if rules.quarantine_report_counts(changed_at=item.changed_at, report=report):
        item.changed_at, item.detail = report.at, report.detail
        if report.state != WireState.FAILED:  # A failed restore or delete leaves the file where it is.
            item.state = report.state.value
    item.save()


def _quarantine_insert(report: QuarantineReport) -> None:
    state = QuarantineState.HELD if report.state == WireState.FAILED else QuarantineState(report.state.value)
    QuarantineItem.objects.create(
        device_id=report.device_id,
        item_uid=report.item_uid,
        path=report.path,
        sha256=report.sha256,
        size_bytes=report.size_bytes,
        name=report.name,
        detail=report.detail,
        state=state,
        quarantined_at=report.at,
        changed_at=report.at,
    )


def _settle(device_ids: set[int], now: datetime) -> None:
    """Tie open detections to their quarantined files and close those whose file was deleted or restored.

    Either side may arrive first, so this runs after both.
    """
    waiting = Detection.objects.filter(device_id__in=device_ids, resolved_at__isnull=True, item_uid__isnull=False)
    detections = {(found.device_id, found.item_uid): found for found in waiting.select_for_update().order_by("pk")}
    for item in QuarantineItem.objects.filter(device_id__in=device_ids, item_uid__in=[uid for _, uid in detections]):
        detection = detections.get((item.device_id, item.item_uid))
        if detection is not None:
            _settle_one(detection, item, now)


def _settle_one(detection: Detection, item: QuarantineItem, now: datetime) -> None:
    if item.detection_id != detection.pk:
        item.detection = detection
        item.save(update_fields=["detection"])
    resolution = rules.resolution_of(WireState(item.state))
    if resolution is not None:
        detection.resolved_at, detection.resolution, detection.resolved_by = now, resolution, detection.engine
        detection.save(update_fields=["resolved_at", "resolution", "resolved_by"])
