"""Reads of published documents and license assignments."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F

from seatkeep_manager.directory.models import Device
from seatkeep_manager.statedocs.models import LicenseAssignment, StateDocument


def documents_due(*, limit: int = 500) -> list[StateDocument]:
    """Documents whose newest version the bucket does not hold yet, oldest first."""
    return list(StateDocument.objects.filter(published_version__lt=F("version")).order_by("id")[:limit])


def document_versions(keys: Collection[str]) -> dict[str, int]:
    """The newest version of documents; a key without one is left out."""
    return dict(StateDocument.objects.filter(key__in=keys).values_list("key", "version"))


def license_assignments(device_ids: Collection[int]) -> dict[int, LicenseAssignment]:
    """What devices are told to hold, by device."""
    rows = LicenseAssignment.objects.filter(device_id__in=device_ids, is_withdrawn=False)
    return {found.device_id: found for found in rows}


def license_assignment_get(device: Device) -> LicenseAssignment | None:
    """What a device the caller may see is told to hold."""
    return LicenseAssignment.objects.filter(device=device, is_withdrawn=False).first()
