"""Pure decisions: who may give whom what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.rights import Holding, Levels, covers, is_owner, levels_at, suffices


def may_give(own: Collection[Holding], *, path: Iterable[int], levels: Levels, role: Role | str = "") -> bool:
    """Whether somebody may give something at a group: only who manages people there, never more than they hold.

    Args:
        own: What the giver holds.
        path: Ids from All down to the group.
        levels: What is given.
        role: The role that is given, if it is one; only Owners of the whole instance make Owners.
    """
    if role == Role.OWNER and not is_owner(own):
        return False
    here = levels_at(own, path)
    return suffices(here.get(Functionality.USERS, AccessLevel.NONE), AccessLevel.WRITE) and covers(here, levels)


def may_manage(own: Collection[Holding], theirs: Iterable[Holding]) -> bool:
    """Whether somebody manages a person: may give all that the person holds, wherever it is."""
    return all(may_give(own, path=one.path, levels=one.levels, role=one.role or "") for one in theirs)


def levels_clean(levels: Mapping[str, str]) -> dict[str, str] | None:
    """A set's levels as they are stored, without what permits nothing; None when a name or level does not exist."""
    if not set(levels) <= set(Functionality.values) or not set(levels.values()) <= set(AccessLevel.values):
        return None
    return {name: level for name, level in levels.items() if level != AccessLevel.NONE}
