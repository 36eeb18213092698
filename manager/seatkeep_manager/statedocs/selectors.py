"""Reads of published documents and license assignments."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F
from django.db.models.functions import Right

from seatkeep_manager.directory.models import Device
from seatkeep_manager.hublink.models import MirroredLicense
from seatkeep_manager.hublink.selectors import license_list, node_list
from seatkeep_manager.statedocs.models import LicenseAssignment, StateDocument
from seatkeep_manager.statedocs.rules import PRODUCT_OF_KIND


def documents_due(*, limit: int = 500) -> list[StateDocument]:
    """Documents whose newest version the bucket does not hold yet, oldest first."""
    return list(StateDocument.objects.filter(published_version__lt=F("version")).order_by("id")[:limit])


def document_versions(keys: Collection[str]) -> dict[str, int]:
    """The newest version of documents; a key without one is left out."""
    return dict(StateDocument.objects.filter(key__in=keys).values_list("key", "version"))


def group_document_keys(*, group_ids: Collection[str] | None = None) -> list[str]:
    """The keys of group documents that are not withdrawn: all, or those of groups (32 hex digits)."""
    documents = StateDocument.objects.filter(key__startswith="grp.").exclude(stored=b"")
    if group_ids is not None:
        documents = documents.annotate(group=Right("key", 32)).filter(group__in=group_ids)
    return list(documents.values_list("key", flat=True))


def license_assignments(device_ids: Collection[int]) -> dict[int, LicenseAssignment]:
    """What devices are told to hold, by device."""
    rows = LicenseAssignment.objects.filter(device_id__in=device_ids, is_withdrawn=False)
    return {found.device_id: found for found in rows}


def license_assignment_get(device: Device) -> LicenseAssignment | None:
    """What a device the caller may see is told to hold."""
    return LicenseAssignment.objects.filter(device=device, is_withdrawn=False).first()


def licenses_fitting(device: Device) -> list[MirroredLicense]:
    """Licenses from which a device may take a seat: of its customer, with a product for its kind."""
    product = PRODUCT_OF_KIND.get(device.kind)
    if product is None or device.company_hub_id is None:
        return []
    nodes = node_list(company_hub_ids=[device.company_hub_id]).filter(product=product)
    return list(license_list().filter(hub_id__in=nodes.values("license_hub_id")))
