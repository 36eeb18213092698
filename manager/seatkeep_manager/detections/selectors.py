"""Reads of detections and quarantine; each starts from the devices that a person may see."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet

from seatkeep_manager.detections.errors import DetectionNotFoundError, QuarantineItemNotFoundError
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import Device, User


def detections_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Detection]:
    """The detections on devices that a person may see or change, newest first, with device and group."""
    found = Detection.objects.select_related("device", "device__group").order_by("-occurred_at", "-id")
    return within(found, user, field="device__group", functionality=Functionality.DETECTIONS, level=level)


def detection_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> Detection:
    """One detection.

    Raises:
        DetectionNotFoundError: It does not exist or its device is not the person's.
    """
    detection = detections_visible(user, level=level).filter(uid=uid).first()
    if detection is None:
        raise DetectionNotFoundError
    return detection


def quarantine_visible(
    user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ
) -> QuerySet[QuarantineItem]:
    """The quarantined files on devices that a person may see or change, newest first, with device and detection."""
    items = QuarantineItem.objects.select_related("device", "device__group", "detection")
    mine = within(items, user, field="device__group", functionality=Functionality.DETECTIONS, level=level)
    return mine.order_by("-quarantined_at", "-id")


def quarantine_item_get(
    user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ
) -> QuarantineItem:
    """One quarantined file.

    Raises:
        QuarantineItemNotFoundError: It does not exist or its device is not the person's.
    """
    item = quarantine_visible(user, level=level).filter(uid=uid).first()
    if item is None:
        raise QuarantineItemNotFoundError
    return item


def detections_by_engine(detections: QuerySet[Detection]) -> list[tuple[str, int]]:
    """How many of these detections are open, by who found them; the most first."""
    counted = detections.filter(resolved_at__isnull=True).order_by().values_list("engine").annotate(n=Count("id"))
    return sorted(counted, key=lambda one: (-one[1], one[0]))


def device_detections(device: Device) -> QuerySet[Detection]:
    """The detections of a device the caller may see, newest first."""
    return device.detections.order_by("-occurred_at", "-id")


def detections_newest_open(device_ids: Collection[int]) -> dict[int, Detection]:
    """The newest open detection of each of these devices, by device id; one query."""
    found = Detection.objects.filter(device_id__in=device_ids, resolved_at__isnull=True)
    return {one.device_id: one for one in found.order_by("device_id", "-occurred_at", "-id").distinct("device_id")}
