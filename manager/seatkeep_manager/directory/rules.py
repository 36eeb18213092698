"""Pure decisions of the directory."""

from __future__ import annotations

from datetime import datetime, timedelta

from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.errors import GroupCycleError, GroupLockedError, GroupTooDeepError, NameInvalidError

MAX_DEPTH = 20
"""The hub's 12 levels of companies, All and Companies above them, and 6 of the technician's own below."""
MAX_NAME_LENGTH = 200
ONLINE_LEASE = timedelta(seconds=150)
"""How long one heartbeat keeps a device shown as online: two and a half of its 60 s intervals."""


def name_clean(name: str) -> str:
    """The name without outer blanks.

    Raises:
        NameInvalidError: It is empty, longer than 200 characters or holds control characters.
    """
    cleaned = name.strip()
    if not cleaned or len(cleaned) > MAX_NAME_LENGTH or not cleaned.isprintable():
        raise NameInvalidError(fields={"name": [NameInvalidError.message]})
    return cleaned


def group_check_editable(*, kind: GroupKind, is_locked: bool) -> None:
    """Refuse to let a person change a group that follows Licensing or belongs to the system.

    Raises:
        GroupLockedError: The group is locked or not a free group.
    """
    if is_locked or kind != GroupKind.FREE:
        raise GroupLockedError


def group_check_move(*, path: list[int], new_parent_path: list[int], subtree_height: int) -> None:
    """Refuse a move that would make a cycle or go too deep.

    Args:
        path: Ids from the root to the group, inclusive.
        new_parent_path: Ids from the root to the new parent, inclusive.
        subtree_height: Levels in the group's subtree, itself included (at least 1).

    Raises:
        GroupCycleError: The new parent is the group itself or lies below it.
        GroupTooDeepError: A group would end deeper than 20 levels.
    """
    if path[-1] in new_parent_path:
        raise GroupCycleError
    if len(new_parent_path) + subtree_height > MAX_DEPTH:
        raise GroupTooDeepError


def is_online(*, online_until: datetime | None, now: datetime) -> bool:
    """Whether the presence lease still runs; it ends exactly at `online_until`."""
    return online_until is not None and now < online_until
