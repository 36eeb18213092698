"""Writes of the static-group tree; all of them hold the lock of its root, so that paths stay true."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory import rules
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.errors import (
    GroupNameTakenError,
    GroupNotEmptyError,
    GroupNotFoundError,
    GroupTooDeepError,
)
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import company_left, device_touch, group_touch

_BELOW_ROOT = {GroupKind.COMPANIES: "Companies", GroupKind.UNASSIGNED: "Unassigned"}


@transaction.atomic
def group_system_ensure(*, now: datetime) -> dict[GroupKind, StaticGroup]:
    """The three groups that always are: All, Companies and Unassigned. Idempotent, safe when raced."""
    StaticGroup.objects.bulk_create(
        [StaticGroup(kind=GroupKind.ROOT, name="All", is_locked=True, created_at=now)], ignore_conflicts=True
    )
    root = StaticGroup.objects.select_for_update().get(kind=GroupKind.ROOT)
    if not root.path:
        root.path = [root.pk]
        root.save(update_fields=["path"])
    groups = {GroupKind.ROOT: root}
    for kind, name in _BELOW_ROOT.items():
        found = StaticGroup.objects.filter(kind=kind).first()
        groups[kind] = found or _insert(parent=root, kind=kind, name=name, now=now, is_locked=True)
    return groups


@transaction.atomic
def group_create(*, actor: Actor, parent_id: int, name: str, now: datetime) -> StaticGroup:
    """Make a free group below another one.

    Raises:
        GroupNotFoundError: There is no such parent.
        GroupNameTakenError: The parent holds a free group of that name already.
        GroupTooDeepError: The parent stands at the deepest level (20).
        NameInvalidError: The name is empty, too long or holds control characters.
    """
    cleaned = rules.name_clean(name)
    _tree_lock(now)
    parent = _group(parent_id)
    if len(parent.path) >= rules.MAX_DEPTH:
        raise GroupTooDeepError
    _check_name(parent, cleaned)
    group = _insert(parent=parent, kind=GroupKind.FREE, name=cleaned, now=now)
    _record(actor, "group:create", group, now, name=cleaned)
    return group


@transaction.atomic
def group_rename(*, actor: Actor, group_id: int, name: str, now: datetime) -> StaticGroup:
    """Rename a free group.

    Raises:
        GroupNotFoundError: There is no such group.
        GroupLockedError: It follows Licensing or belongs to the system.
        GroupNameTakenError: A sibling has that name.
        NameInvalidError: The name is empty, too long or holds control characters.
    """
    cleaned = rules.name_clean(name)
    _tree_lock(now)
    group = _editable(group_id)
    if group.name == cleaned:
        return group
    _check_name(group.parent, cleaned)
    group.name = cleaned
    group.save(update_fields=["name"])
    _record(actor, "group:rename", group, now, name=cleaned)
    group_touch(group_ids=[group.pk], now=now)
    return group


@transaction.atomic
def group_move(*, actor: Actor, group_id: int, parent_id: int, now: datetime) -> StaticGroup:
    """Put a free group, with all below it, under another parent.

    Raises:
        GroupNotFoundError: There is no such group or parent.
        GroupLockedError: The group follows Licensing or belongs to the system.
        GroupCycleError: The parent lies in the group itself.
        GroupTooDeepError: Something would end deeper than 20 levels.
        GroupNameTakenError: The parent holds a free group of that name already.
    """
    _tree_lock(now)
    group, parent = _editable(group_id), _group(parent_id)
    if group.parent_id == parent.pk:
        return group
    rules.group_check_move(path=group.path, new_parent_path=parent.path, subtree_height=_subtree_height(group))
    _check_name(parent, group.name)
    _reparent(group, parent, now)
    _record(actor, "group:move", group, now, parent=str(parent.uid))
    _touch_subtree(group, now)
    return group


@transaction.atomic
def group_delete(*, actor: Actor, group_id: int, now: datetime) -> None:
    """Delete an empty free group.

    Raises:
        GroupNotFoundError: There is no such group.
        GroupLockedError: It follows Licensing or belongs to the system.
        GroupNotEmptyError: It holds devices or groups.
    """
    _tree_lock(now)
    group = _editable(group_id)
    if group.children.exists() or group.devices.exists():
        raise GroupNotEmptyError
    _record(actor, "group:delete", group, now, name=group.name)
    group.delete()


@transaction.atomic
def group_mirror(*, hub_id: uuid.UUID, parent_hub_id: uuid.UUID | None, name: str, now: datetime) -> StaticGroup:
    """Make or update the locked group that mirrors a company of the hub. Idempotent; keyed by hub id only.

    Args:
        hub_id: The company.
        parent_hub_id: The company above, if this instance mirrors it; otherwise the group goes under Companies.
        name: The company's name; the group follows every rename.
        now: Current time, aware UTC.

    Raises:
        GroupCycleError: The parent company stands below this one here.
        GroupTooDeepError: Something would end deeper than 20 levels.
    """
    _tree_lock(now)
    parent = _mirror_parent(parent_hub_id)
    group = StaticGroup.objects.filter(hub_id=hub_id).first()
    if group is None:
        return _insert(parent=parent, kind=GroupKind.MIRROR, name=name, now=now, is_locked=True, hub_id=hub_id)
    is_moved = group.parent_id != parent.pk
    if is_moved:
        rules.group_check_move(path=group.path, new_parent_path=parent.path, subtree_height=_subtree_height(group))
    is_renamed = group.name != name or not group.is_locked
    if is_renamed:
        group.name, group.is_locked = name, True
        group.save(update_fields=["name", "is_locked"])
    if is_moved:
        _reparent(group, parent, now)
        _touch_subtree(group, now)
    elif is_renamed:
        group_touch(group_ids=[group.pk], now=now)
    return group


@transaction.atomic
def group_unlink(*, hub_id: uuid.UUID, now: datetime) -> None:
    """Unlock the group of a company that the hub no longer shows; devices and history stay. Idempotent."""
    _tree_lock(now)
    StaticGroup.objects.filter(hub_id=hub_id).update(is_locked=False)


def _tree_lock(now: datetime) -> None:
    if not StaticGroup.objects.select_for_update().filter(kind=GroupKind.ROOT).exists():
        group_system_ensure(now=now)


def _group(group_id: int) -> StaticGroup:
    group = StaticGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    return group


def _editable(group_id: int) -> StaticGroup:
    group = _group(group_id)
    rules.group_check_editable(kind=GroupKind(group.kind), is_locked=group.is_locked)
    return group


def _mirror_parent(parent_hub_id: uuid.UUID | None) -> StaticGroup:
    found = StaticGroup.objects.filter(hub_id=parent_hub_id).first() if parent_hub_id else None
    return found or StaticGroup.objects.get(kind=GroupKind.COMPANIES)


def _check_name(parent: StaticGroup | None, name: str) -> None:
    if StaticGroup.objects.filter(parent=parent, name=name, kind=GroupKind.FREE).exists():
        raise GroupNameTakenError(fields={"name": [GroupNameTakenError.message]})


def _insert(
    *,
    parent: StaticGroup,
    kind: GroupKind,
    name: str,
    now: datetime,
    is_locked: bool = False,
    hub_id: uuid.UUID | None = None,
) -> StaticGroup:
    group = StaticGroup.objects.create(
        parent=parent,
        kind=kind,
        name=name,
        is_locked=is_locked,
        hub_id=hub_id,
        company_hub_id=hub_id or parent.company_hub_id,
        created_at=now,
    )
    group.path = [*parent.path, group.pk]
    group.save(update_fields=["path"])
    return group


def _subtree_height(group: StaticGroup) -> int:
    depths = StaticGroup.objects.filter(path__contains=[group.pk]).values_list("path", flat=True)
    return max(len(path) for path in depths) - len(group.path) + 1


def _reparent(group: StaticGroup, parent: StaticGroup, now: datetime) -> None:
    """Rewrite the paths of a subtree and the company of all that stands in it."""
    depth = len(group.path)
    below = list(StaticGroup.objects.filter(path__contains=[group.pk]).order_by("path"))
    company = {parent.pk: parent.company_hub_id}
    for member in below:
        member.path = [*parent.path, *member.path[depth - 1 :]]
        member.company_hub_id = member.hub_id or company[parent.pk if member.pk == group.pk else member.parent_id or 0]
        company[member.pk] = member.company_hub_id
    StaticGroup.objects.bulk_update(below, ["path", "company_hub_id"])
    group.parent, group.path, group.company_hub_id = parent, [*parent.path, group.pk], company[group.pk]
    group.save(update_fields=["parent"])
    for member in below:
        leaving = Device.objects.filter(group=member).exclude(company_hub_id=member.company_hub_id)
        company_left(device_ids=leaving.values_list("pk", flat=True), now=now)
        leaving.update(company_hub_id=member.company_hub_id)


def _touch_subtree(group: StaticGroup, now: datetime) -> None:
    group_touch(group_ids=[group.pk], now=now)
    device_touch(
        device_ids=Device.objects.filter(group__path__contains=[group.pk]).values_list("pk", flat=True), now=now
    )


def _record(actor: Actor, action: str, group: StaticGroup, now: datetime, **details: str | int | bool | None) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="group",
        subject_id=str(group.uid),
        company_uid=group.company_hub_id,
        details=details,
        now=now,
    )
