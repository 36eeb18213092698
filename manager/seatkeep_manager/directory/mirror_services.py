"""Writes of many mirrored groups at once, each in a number of statements that does not grow with them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from django.db import connection, transaction
from seatkeep_webkit.outbox.services import outbox_append_many

from seatkeep_manager.directory import rules, topics
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.errors import GroupCycleError, GroupTooDeepError
from seatkeep_manager.directory.group_services import group_system_ensure
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import device_touch

_REACHED = files(__package__).joinpath("sql/tree_reached.sql").read_text()
_REWRITE = files(__package__).joinpath("sql/tree_paths.sql").read_text()
_IDS = "SELECT nextval(pg_get_serial_sequence('directory_staticgroup', 'id')) FROM generate_series(1, %s)"


@dataclass(frozen=True)
class MirrorWish:
    """Where the group of a company belongs: its id, the company above (if mirrored), and its name."""

    hub_id: uuid.UUID
    parent_hub_id: uuid.UUID | None
    name: str


@transaction.atomic
def groups_mirror(wishes: Sequence[MirrorWish], *, now: datetime) -> dict[uuid.UUID, StaticGroup]:
    """Make missing groups of companies and rename those there; none is moved (see `groups_move`).

    A company stands below Companies while the one above it is not here; those of one call find each other in any order.

    Args:
        wishes: One per company.
        now: Current time, aware UTC.

    Returns:
        The group of each company.

    Raises:
        GroupTooDeepError: One would stand deeper than 20 levels.
    """
    companies = _lock(now)
    ids = {wish.hub_id for wish in wishes} | {wish.parent_hub_id for wish in wishes if wish.parent_hub_id}
    there = {group.hub_id: group for group in StaticGroup.objects.filter(hub_id__in=ids) if group.hub_id}
    _rename([wish for wish in wishes if wish.hub_id in there], there, now)
    missing = {wish.hub_id: wish for wish in wishes if wish.hub_id not in there}
    while missing:
        ready = [wish for wish in missing.values() if wish.parent_hub_id not in missing] or list(missing.values())
        for group in _insert(ready, there, companies, now):
            there[group.hub_id or group.uid] = group
        missing = {hub_id: wish for hub_id, wish in missing.items() if hub_id not in there}
    return {wish.hub_id: there[wish.hub_id] for wish in wishes}


def _lock(now: datetime) -> StaticGroup:
    if not StaticGroup.objects.select_for_update().filter(kind=GroupKind.ROOT).exists():
        group_system_ensure(now=now)
    return StaticGroup.objects.get(kind=GroupKind.COMPANIES)


def _rename(wishes: Collection[MirrorWish], there: Mapping[uuid.UUID, StaticGroup], now: datetime) -> None:
    changed = []
    for wish in wishes:
        group = there[wish.hub_id]
        if group.name != wish.name or not group.is_locked:
            group.name, group.is_locked = wish.name, True
            changed.append(group)
    StaticGroup.objects.bulk_update(changed, ["name", "is_locked"], batch_size=500)
    _touch([group.pk for group in changed], now)


def _insert(
    wishes: Sequence[MirrorWish], there: Mapping[uuid.UUID, StaticGroup], companies: StaticGroup, now: datetime
) -> list[StaticGroup]:
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [len(wishes)])
        ids = [row[0] for row in cursor.fetchall()]
    made = []
    for pk, wish in zip(ids, wishes, strict=True):
        parent = there.get(wish.parent_hub_id, companies) if wish.parent_hub_id else companies
        if len(parent.path) >= rules.MAX_DEPTH:
            raise GroupTooDeepError
        made.append(
            StaticGroup(
                pk=pk,
                parent=parent,
                path=[*parent.path, pk],
                kind=GroupKind.MIRROR,
                name=wish.name,
                is_locked=True,
                hub_id=wish.hub_id,
                company_hub_id=wish.hub_id,
                created_at=now,
            )
        )
    return StaticGroup.objects.bulk_create(made, batch_size=1000)


@transaction.atomic
def groups_move(moves: Mapping[uuid.UUID, uuid.UUID | None], *, now: datetime) -> int:
    """Put groups of companies below those of the companies above them; returns how many groups have a new path.

    What stands in and below them keeps its company, so no device changes hands.

    Args:
        moves: Company → the company above it; None, or one that is not mirrored, for directly below Companies.
        now: Current time, aware UTC.

    Raises:
        GroupCycleError: Some would stand below themselves; none was moved.
        GroupTooDeepError: Something would end deeper than 20 levels; none was moved.
    """
    companies = _lock(now)
    ids = set(moves) | {parent for parent in moves.values() if parent}
    there = {group.hub_id: group for group in StaticGroup.objects.filter(hub_id__in=ids)}
    moved = [there[hub_id] for hub_id in moves if hub_id in there]
    for group in moved:
        parent = moves[group.hub_id] if group.hub_id else None
        group.parent = there.get(parent, companies) if parent else companies
    StaticGroup.objects.bulk_update(moved, ["parent"], batch_size=500)
    changed = _paths_rewrite()
    _touch([group.pk for group in moved], now)
    device_touch(device_ids=Device.objects.filter(group__in=changed).values_list("pk", flat=True), now=now)
    return len(changed)


def _paths_rewrite() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_REACHED)
        reached, depth = cursor.fetchone()
        if reached != StaticGroup.objects.count():
            raise GroupCycleError
        if depth > rules.MAX_DEPTH:
            raise GroupTooDeepError
        cursor.execute(_REWRITE)
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def groups_unlink(hub_ids: Collection[uuid.UUID], *, now: datetime) -> None:
    """Unlock the groups of companies that the hub no longer shows; devices and history stay. Idempotent."""
    _lock(now)
    StaticGroup.objects.filter(hub_id__in=hub_ids).update(is_locked=False)


def _touch(group_ids: Collection[int], now: datetime) -> None:
    if group_ids:
        payloads = [{"group": group_id} for group_id in group_ids]
        outbox_append_many(topic=topics.GROUP_CHANGED, payloads=payloads, now=now)
