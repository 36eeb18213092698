"""Pure decisions about rights: what a role may, and at which groups somebody may what.

Roles are the ready-made ones of both sites (`seatkeep_webkit.roles`); here stands what each may in the console.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import Text
from seatkeep_webkit.roles import ROLE_OF_LEVEL, ROLES, Role
from seatkeep_webkit.roles import AccessLevel as HubLevel
from seatkeep_webkit.roles import allows as hub_allows

from seatkeep_manager.directory.enums import AccessLevel, Functionality

Levels = Mapping[Functionality, AccessLevel]
RANK: Mapping[AccessLevel, int] = {
    AccessLevel.NONE: 0, AccessLevel.READ: 1, AccessLevel.USE: 2, AccessLevel.WRITE: 3,
}  # fmt: skip
USES: Mapping[Functionality, Text] = {
    Functionality.POLICIES: _("assign and remove policies, not edit them"),
    Functionality.CLIENT_TASKS: _("run tasks on computers and take them back"),
    Functionality.COMMANDS: _("run commands that a policy allows"),
    Functionality.SERVER_TASKS: _("run server tasks"),
    Functionality.INSTALLERS: _("see keys and install links, and install with them"),
    Functionality.DETECTIONS: _("resolve detections, not touch the quarantine"),
    Functionality.PROBLEMS: _("acknowledge, snooze, assign and note"),
}
"""What USE adds to looking; for every other functionality it is as READ."""

_F, _READ, _USE, _WRITE = Functionality, AccessLevel.READ, AccessLevel.USE, AccessLevel.WRITE
_PRIVATE = frozenset({_F.USERS, _F.API_CLIENTS, _F.SETTINGS})
"""What is nobody's who does not change it: who works here, programs, the console's own settings."""
_LOOKING: Levels = {one: _READ for one in Functionality if one not in _PRIVATE | {_F.COMMANDS, _F.SERVER_TASKS}}
_HELPING: Levels = {**_LOOKING, _F.CLIENT_TASKS: _USE, _F.DETECTIONS: _USE, _F.PROBLEMS: _USE}
ROLE_LEVELS: Mapping[Role, Levels] = {
    Role.OWNER: dict.fromkeys(Functionality, _WRITE),
    Role.ADMINISTRATOR: dict.fromkeys(Functionality, _WRITE),
    Role.TECHNICIAN: {**{one: _WRITE for one in Functionality if one not in _PRIVATE}, _F.AUDIT: _READ},
    Role.HELP_DESK: {**_HELPING, _F.SERVER_TASKS: _READ},
    Role.BILLING: dict.fromkeys((_F.GROUPS, _F.CUSTOMERS, _F.PROBLEMS, _F.LICENSES, _F.REPORTS, _F.AUDIT), _READ),
    Role.CUSTOMER_IT: _HELPING,
    Role.READ_ONLY: {**_LOOKING, _F.SERVER_TASKS: _READ},
}
"""What each role may in the console. Owners differ from administrators by who makes and ends owners."""


def suffices(held: AccessLevel, wanted: AccessLevel) -> bool:
    """Whether a level is at least another."""
    return RANK[held] >= RANK[wanted]


def role_levels(role: Role | str, level: HubLevel | str | None = None) -> Levels:
    """What a role may; where Licensing lowered its level by hand, only what is left of it.

    Args:
        role: The role; empty for the plainest of the level.
        level: As Licensing set it; None for the role's own. NONE leaves nothing, a lower one leaves looking.
    """
    if level == HubLevel.NONE:
        return {}
    known = Role(role) if role else ROLE_OF_LEVEL[HubLevel(str(level))]
    levels = ROLE_LEVELS[known]
    if level is None or hub_allows(level, ROLES[known].level):
        return levels
    return {one: min(held, _READ, key=RANK.__getitem__) for one, held in levels.items() if one not in _PRIVATE}


def set_levels(levels: Mapping[str, str]) -> Levels:
    """What a stored set permits; names that this version does not know are passed over: they permit nothing."""
    return {
        Functionality(name): AccessLevel(level)
        for name, level in levels.items()
        if name in Functionality.values and level in AccessLevel.values
    }


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody has at one group and below.

    Attributes:
        path: Ids from All down to the group, inclusive.
        levels: What it permits.
        is_from_hub: Set in Licensing, where the nearest setting wins; what is granted here adds up.
        name: The role's or the set's, for people.
        role: The role, if it is one.
    """

    path: tuple[int, ...]
    levels: Levels
    is_from_hub: bool
    name: Text = ""
    role: Role | None = None

    @property
    def group_id(self) -> int:
        """The group."""
        return self.path[-1]

    def permits(self, functionality: Functionality, level: AccessLevel) -> bool:
        """Whether it is enough."""
        return suffices(self.levels.get(functionality, AccessLevel.NONE), level)


@dataclass(frozen=True, slots=True)
class Scope:
    """At which groups something is permitted.

    Attributes:
        granted: Groups that open themselves and everything below.
        layers: What Licensing says: the first opens, the second closes below it, the third opens again, and so on.
        is_everything: Nothing is closed: a query needs no condition at all.
    """

    granted: frozenset[int]
    layers: tuple[frozenset[int], ...]
    is_everything: bool

    @property
    def is_empty(self) -> bool:
        """Whether it is permitted nowhere."""
        return not self.granted and not self.layers

    def includes(self, path: Iterable[int]) -> bool:
        """Whether a group with this path lies in it."""
        nodes = set(path)
        reached = next((n for n, layer in enumerate(self.layers) if not layer & nodes), len(self.layers))
        return self.is_everything or bool(self.granted & nodes) or reached % 2 == 1


def scope_of(holdings: Collection[Holding], functionality: Functionality, level: AccessLevel) -> Scope:
    """Where somebody's holdings permit something.

    Args:
        holdings: All that they have; grants of the console add up, of Licensing's the nearest on the path decides.
        functionality: What about.
        level: How far.
    """
    granted = frozenset(one.group_id for one in holdings if not one.is_from_hub and one.permits(functionality, level))
    hub = sorted((one for one in holdings if one.is_from_hub), key=lambda one: len(one.path))
    layers = _layers([(one.path, one.permits(functionality, level)) for one in hub])
    tops = {one.group_id for one in holdings if len(one.path) == 1}
    is_everything = bool(granted & tops) or (len(layers) == 1 and bool(layers[0] & tops))
    return Scope(granted, layers, is_everything)


def _layers(settings: Iterable[tuple[tuple[int, ...], bool]]) -> tuple[frozenset[int], ...]:
    """Turns between open and closed on the way down, from settings that are sorted from the top."""
    depth: dict[int, int] = {}
    layers: list[set[int]] = []
    for path, is_open in settings:
        above = max((depth[node] for node in path[:-1] if node in depth), default=-1)
        if is_open == (above % 2 == 0):  # As above already; -1, nothing set above, counts as closed.
            continue
        depth[path[-1]] = above + 1
        if len(layers) == above + 1:
            layers.append(set())
        layers[above + 1].add(path[-1])
    return tuple(frozenset(layer) for layer in layers)


def levels_at(holdings: Iterable[Holding], path: Iterable[int]) -> Levels:
    """What somebody may at one group, all functionalities at once; the same decision as `scope_of`.

    Args:
        holdings: All that they have.
        path: Ids from All down to the group.
    """
    nodes = set(path)
    here = [one for one in holdings if one.group_id in nodes]
    nearest = max((one for one in here if one.is_from_hub), key=lambda one: len(one.path), default=None)
    counting = [one for one in here if not one.is_from_hub] + ([nearest] if nearest else [])
    found: dict[Functionality, AccessLevel] = {}
    for one in counting:
        for about, level in one.levels.items():
            found[about] = max(level, found.get(about, AccessLevel.NONE), key=RANK.__getitem__)
    return found


def covers(own: Levels, wanted: Levels) -> bool:
    """Whether everything of `wanted` is in `own`."""
    return all(suffices(own.get(about, AccessLevel.NONE), level) for about, level in wanted.items())


def is_owner(holdings: Iterable[Holding]) -> bool:
    """Whether somebody is Owner of the whole instance."""
    return any(one.role == Role.OWNER and len(one.path) == 1 for one in holdings)
