"""The tree of static groups as rows of id and path: written out, and read back with a result per row.

A path holds the names from below All down to the group with `/` between them; a `/` or `\\` in a name has `\\` before
it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import AppError, Text

from seatkeep_manager.directory.enums import AccessLevel, GroupKind
from seatkeep_manager.directory.errors import GroupNotFoundError, GroupPathInvalidError
from seatkeep_manager.directory.group_services import group_create, group_move, group_rename
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rules import MAX_DEPTH
from seatkeep_manager.directory.selectors import groups_visible

MOST_ROWS = 2_000
"""Of one import: each row is judged by itself, in one transaction."""
_STEP = re.compile(r"((?:[^/\\]|\\.)*)(?:/|$)")


@dataclass(frozen=True)
class GroupRow:
    """A group of a file; without an id it is found, or made, by its path."""

    path: str
    uid: uuid.UUID | None = None


class RowResult(StrEnum):
    """What became, or would become, of a row."""

    CREATED = "CREATED"
    RENAMED = "RENAMED"
    MOVED = "MOVED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True)
class RowOutcome:
    """The result of one row; `code` and `detail` say why it was refused."""

    row: GroupRow
    result: RowResult
    code: str = ""
    detail: Text = ""
    uid: uuid.UUID | None = None


def path_join(names: Sequence[str]) -> str:
    """The path of names."""
    return "/".join(name.replace("\\", "\\\\").replace("/", "\\/") for name in names)


def path_split(path: str) -> list[str]:
    """The names of a path.

    Raises:
        GroupPathInvalidError: It is empty, has an empty name, ends within an escape, or is deeper than 20 levels.
    """
    text = path.strip().strip("/") if not path.rstrip().endswith("\\/") else path.strip().lstrip("/")
    names, at = [], 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or found.end() == at:
            raise GroupPathInvalidError
        names.append(re.sub(r"\\(.)", r"\1", found.group(1)).strip())
        at = found.end()
    if not names or not all(names) or len(names) >= MAX_DEPTH:
        raise GroupPathInvalidError
    return names


def groups_rows(user: User) -> Iterator[tuple[StaticGroup, str]]:
    """The groups that a person may see, each with its path, in the order of the tree; two statements."""
    visible = groups_visible(user).exclude(kind=GroupKind.ROOT)
    names = dict(StaticGroup.objects.exclude(kind=GroupKind.ROOT).values_list("pk", "name"))
    paths = [(group, [names[pk] for pk in group.path if pk in names]) for group in visible]
    for group, steps in sorted(paths, key=lambda one: (one[1], one[0].pk)):
        yield group, path_join(steps)


def groups_import(
    *, actor: Actor, user: User, rows: Sequence[GroupRow], is_dry_run: bool, now: datetime
) -> list[RowOutcome]:
    """Make, rename and move free groups as rows say, in their order; what is refused stands in its row alone.

    Nothing is deleted, and what follows Licensing or belongs to the system is never touched.

    Args:
        actor: Who acts.
        user: The same person: groups that they may not change are not found.
        rows: At most 2,000.
        is_dry_run: Only say what would become of each row.
        now: Current time, aware UTC.

    Raises:
        GroupPathInvalidError: There are more rows than that.
    """
    if len(rows) > MOST_ROWS:
        raise GroupPathInvalidError
    with transaction.atomic():
        outcomes = [_outcome(actor, user, row, now) for row in rows]
        if is_dry_run:
            transaction.set_rollback(True)
    return outcomes


def _outcome(actor: Actor, user: User, row: GroupRow, now: datetime) -> RowOutcome:
    try:
        with transaction.atomic():
            group, result = _apply(actor, user, row, now)
    except AppError as error:
        return RowOutcome(row, RowResult.REFUSED, error.code, error.detail)
    return RowOutcome(row, result, uid=group.uid)


def _apply(actor: Actor, user: User, row: GroupRow, now: datetime) -> tuple[StaticGroup, RowResult]:
    names = path_split(row.path)
    if row.uid is None:
        found = _walk(names)
        if found is not None:
            return _writable(user, found), RowResult.UNCHANGED
        parent = _parent(user, names)
        return group_create(actor=actor, parent_id=parent.pk, name=names[-1], now=now), RowResult.CREATED
    named = groups_visible(user, level=AccessLevel.WRITE).filter(uid=row.uid).first()
    if named is None:
        raise GroupNotFoundError
    if _walk(names) == named:
        return named, RowResult.UNCHANGED
    parent, result = _parent(user, names), RowResult.RENAMED
    if parent.pk != named.parent_id:
        named, result = group_move(actor=actor, group_id=named.pk, parent_id=parent.pk, now=now), RowResult.MOVED
    return group_rename(actor=actor, group_id=named.pk, name=names[-1], now=now), result


def _parent(user: User, names: Sequence[str]) -> StaticGroup:
    found = _walk(names[:-1])
    if found is None:
        raise GroupNotFoundError
    return _writable(user, found)


def _writable(user: User, group: StaticGroup) -> StaticGroup:
    if not groups_visible(user, level=AccessLevel.WRITE).filter(pk=group.pk).exists():
        raise GroupNotFoundError
    return group


def _walk(names: Sequence[str]) -> StaticGroup | None:
    """The group at a path; None when there is none, or when a step is not the only one of its name."""
    group = StaticGroup.objects.get(kind=GroupKind.ROOT)
    for name in names:
        below = list(StaticGroup.objects.filter(parent=group, name=name)[:2])
        if len(below) != 1:
            return None
        group = below[0]
    return group
