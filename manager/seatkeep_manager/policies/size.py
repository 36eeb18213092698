"""The size limit of documents, judged when a person edits, not when the publisher signs."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from django.db.models import Q
from seatkeep_protocol.documents import DOCUMENT_LIMIT_BYTES

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.policies.errors import DocumentTooLargeError
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.policies.selectors import anchors_dynamic, devices_policies, groups_policies

HEAD_ROOM_BYTES = (4 + 40) * 1024
"""Signature, ids, addresses and versions around the policies of a group document, and 40 kB for its tasks."""
NODE_BYTES = 128
"""Kind, id and name of a node without its policies, at most for names of ordinary length."""
DEVICE_POLICIES_LIMIT_BYTES = 128 * 1024
"""Half of a device document; the rest is for tasks and sealed secrets."""


def document_size_check(assignments: Collection[PolicyAssignment]) -> None:
    """Refuse, inside the editing transaction, policies that would not fit into a document.

    Every group below is looked at too, because its document carries the whole chain. Three queries for any number.

    Args:
        assignments: With group and device, as they are after the change.

    Raises:
        DocumentTooLargeError: A group document would be larger than 256 kB, or a device's own policies than 128 kB;
            names the group or device and the size.
    """
    devices = {one.device_id: one.device for one in assignments if one.device_id is not None}
    for device_id, policies in devices_policies(devices.keys()).items():
        _check(devices[device_id], _size(policies), DEVICE_POLICIES_LIMIT_BYTES)
    changed = [one.anchor_id for one in assignments if one.anchor_id is not None]
    if changed:
        _groups_check(changed)


def _groups_check(changed: list[int]) -> None:
    """A chain grows only where policies are assigned, so the groups with policies decide for all below them."""
    carrying = Q(policy_assignments__isnull=False) | Q(dynamic_groups__isnull=False) | Q(pk__in=changed)
    members = list(StaticGroup.objects.filter(carrying, path__overlap=changed).distinct())
    above = {pk for member in members for pk in member.path}
    sizes = {pk: _size(policies) for pk, policies in groups_policies(above).items()}
    dynamic = {pk: _size(nodes) for pk, nodes in anchors_dynamic(above).items()}
    for member in members:
        size = sum(NODE_BYTES + sizes.get(pk, 0) + dynamic.get(pk, 0) for pk in member.path)
        _check(member, size, DOCUMENT_LIMIT_BYTES - HEAD_ROOM_BYTES)


def _check(target: StaticGroup | Device | None, size: int, limit: int) -> None:
    if size > limit:
        raise DocumentTooLargeError(str(target), size_bytes=size, limit_bytes=limit)


def _size(content: object) -> int:
    return len(msgspec.msgpack.encode(content))
