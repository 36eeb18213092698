"""Pure decisions about who may do what: the nearest setting, what may be handed on, and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from seatkeep_webkit.roles import ROLE_OF_LEVEL, ROLES, AccessLevel, Right, Role, allows, rights_held

READS, WRITES = "read", "write"
RIGHTS_OF_SCOPES: dict[str, frozenset[Right]] = {
    "seats:write": frozenset({Right.SEATS}),
    "billing:read": frozenset({Right.PRICES}),
    "billing:write": frozenset({Right.PRICES, Right.BILLING}),
    "people:write": frozenset({Right.PEOPLE}),
    "programs:write": frozenset({Right.PROGRAMS}),
    "catalog:write": frozenset({Right.CATALOG}),
}
"""What a token may beyond reading and changing; nobody's token makes owners or acts as somebody."""
RIGHTS_OF_CONSOLE = frozenset({Right.SEATS})
"""What a linked console may beyond its own routes."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody holds at one company.

    Attributes:
        level: Access level.
        rights: Rights beyond it.
    """

    level: AccessLevel
    rights: frozenset[Right]

    def suffices(self, level: AccessLevel | str, right: Right | str | None = None) -> bool:
        """Whether this is enough for a level and, where one is asked, a right."""
        return allows(self.level, level) and (right is None or right in self.rights)

    def covers(self, other: Holding) -> bool:
        """Whether everything of the other is in this one."""
        return allows(self.level, other.level) and other.rights <= self.rights


NOTHING = Holding(AccessLevel.NONE, frozenset())
EVERYTHING = Holding(AccessLevel.WRITE, frozenset(Right))


@dataclass(frozen=True, slots=True)
class Setting:
    """One explicit setting: at which company, and what it gives.

    Attributes:
        path: Ids from the root down to the company that it was set at.
        level: As set.
        role: Ready-made role.
        sees_prices: None for what the role says.
    """

    path: tuple[int, ...]
    level: AccessLevel
    role: Role
    sees_prices: bool | None = None

    @property
    def holding(self) -> Holding:
        """What it gives."""
        return Holding(self.level, rights_held(level=self.level, role=self.role, sees_prices=self.sees_prices))

    def is_below(self, other: Setting) -> bool:
        """Whether it was set at a company below the other's."""
        return len(self.path) > len(other.path) and self.path[: len(other.path)] == other.path


def setting_of(
    path: Sequence[int],
    *,
    level: AccessLevel | str | None = None,
    role: Role | str | None = None,
    sees_prices: bool | None = None,
) -> Setting:
    """Complete a setting: a role brings its level, a level alone the plainest role.

    Raises:
        ValueError: Neither is given.
    """
    if role is None and level is None:
        raise ValueError("a role or a level is needed")
    named = Role(role) if role is not None else ROLE_OF_LEVEL[AccessLevel(str(level))]
    held = AccessLevel(level) if level is not None else ROLES[named].level
    return Setting(tuple(path), held, named, sees_prices)


def nearest(path: Sequence[int], settings: Collection[Setting]) -> Setting | None:
    """The setting that holds at a company: the nearest on its path; None when there is none.

    Source:
        domain/licensing.md, section 2.2.
    """
    above = [one for one in settings if tuple(path[: len(one.path)]) == one.path]
    return max(above, key=lambda one: len(one.path), default=None)


def may_grant(own: Holding, wanted: Holding, present: Holding) -> bool:
    """Whether somebody may set another's access: never more than their own, and never on those who hold more.

    Args:
        own: What the one who sets holds at that company.
        wanted: What the other shall hold.
        present: What the other holds there now.
    """
    return Right.PEOPLE in own.rights and own.covers(wanted) and own.covers(present)


def holding_of_scopes(scopes: Collection[str]) -> Holding:
    """What a token holds at its company and below; which routes it may call is judged where it is let in."""
    level = AccessLevel.WRITE if any(one.endswith(f":{WRITES}") for one in scopes) else AccessLevel.READ
    rights: frozenset[Right] = frozenset().union(*(RIGHTS_OF_SCOPES.get(one, frozenset()) for one in scopes))
    return Holding(level, rights)
