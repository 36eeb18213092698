"""The size limit of documents, judged when a person edits, not when the publisher signs."""

from __future__ import annotations

import msgspec
from seatkeep_protocol.documents import DOCUMENT_LIMIT_BYTES

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.policies.errors import DocumentTooLargeError
from seatkeep_manager.policies.selectors import devices_policies, group_chain

HEAD_ROOM_BYTES = 4 * 1024
"""Signature, ids, addresses and versions around the policies of a group document."""
DEVICE_POLICIES_LIMIT_BYTES = 128 * 1024
"""Half of a device document; the rest is for tasks and sealed secrets."""


def document_size_check(*, group: StaticGroup | None, device: Device | None) -> None:
    """Refuse, inside the editing transaction, settings that would not fit into a document.

    Every group below is checked too, because its document carries the whole chain.

    Raises:
        DocumentTooLargeError: A group document would be larger than 256 kB, or a device's own policies than 128 kB.
    """
    if device is not None and _size(devices_policies([device.pk])) > DEVICE_POLICIES_LIMIT_BYTES:
        raise DocumentTooLargeError
    if group is None:
        return
    for member in StaticGroup.objects.filter(path__contains=[group.pk], policy_assignments__isnull=False).distinct():
        if _size(group_chain(member)) > DOCUMENT_LIMIT_BYTES - HEAD_ROOM_BYTES:
            raise DocumentTooLargeError


def _size(content: object) -> int:
    return len(msgspec.msgpack.encode(content))
