"""Who may what: the one place where queries are narrowed to what somebody may see, use or change.

Every `*_visible` selector of the console asks here::

    within(Device.objects.all(), user, field="group", functionality=Functionality.GROUPS, level=AccessLevel.READ)

One statement per request reads what a person holds; what is narrowed by it is one condition on the indexed group path,
and none at all for who has the whole instance.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from importlib.resources import files
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import F, Func, Model, Q, QuerySet
from django.db.models.expressions import RawSQL
from seatkeep_webkit.roles import ROLE_OF_LEVEL, Role
from seatkeep_webkit.roles import AccessLevel as HubLevel

from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rights import Holding, Scope, role_levels, scope_of, set_levels

FEW_GROUPS = 12
_GROUPS_BELOW = files(__package__).joinpath("sql/groups_below.sql").read_text()
_HOLDINGS = files(__package__).joinpath("sql/holdings.sql").read_text()
_M = TypeVar("_M", bound=Model)
_NOTHING = Scope(frozenset(), (), is_everything=False)


def holdings_of(user: User | AnonymousUser) -> tuple[Holding, ...]:
    """All roles and sets of a person or program; kept with the object, which lives as long as a request."""
    if not isinstance(user, User) or not user.is_active:
        return ()
    if "holdings" not in vars(user):
        vars(user)["holdings"] = _read(user)
    held: tuple[Holding, ...] = vars(user)["holdings"]
    return held


def scope(user: User | AnonymousUser, functionality: Functionality, level: AccessLevel) -> Scope:
    """Where somebody may do something; nowhere for who has no set, was locked, or is nobody."""
    held = holdings_of(user)
    return scope_of(held, functionality, level) if held else _NOTHING


def may(user: User | AnonymousUser, functionality: Functionality, level: AccessLevel = AccessLevel.READ) -> bool:
    """Whether somebody may do something anywhere: what decides about entries of the menu."""
    return not scope(user, functionality, level).is_empty


def may_everywhere(
    user: User | AnonymousUser, functionality: Functionality, level: AccessLevel = AccessLevel.WRITE
) -> bool:
    """Whether somebody may do something in the whole instance, also with what belongs to no company."""
    return scope(user, functionality, level).is_everything


def may_at(user: User | AnonymousUser, group: StaticGroup, functionality: Functionality, level: AccessLevel) -> bool:
    """Whether somebody may do something at a group; no statement beyond that which reads what they hold."""
    return scope(user, functionality, level).includes(group.path)


def groups_within(
    user: User | AnonymousUser, functionality: Functionality, level: AccessLevel
) -> QuerySet[StaticGroup]:
    """The groups at which somebody may do something."""
    where = scope(user, functionality, level)
    if where.is_everything:
        return StaticGroup.objects.all()
    return StaticGroup.objects.none() if where.is_empty else StaticGroup.objects.filter(_condition(where))


def within(
    rows: QuerySet[_M],
    user: User | AnonymousUser,
    *,
    field: str = "group",
    functionality: Functionality,
    level: AccessLevel,
) -> QuerySet[_M]:
    """Those rows that stand in groups at which somebody may do something.

    Args:
        rows: All.
        user: Who asks.
        field: The way to the row's static group.
        functionality: What about.
        level: How far.
    """
    where = scope(user, functionality, level)
    if where.is_everything:
        return rows
    if where.is_empty:
        return rows.none()
    return rows.filter(**{f"{field}__in": StaticGroup.objects.filter(_condition(where))})


def of_companies(
    user: User | AnonymousUser,
    *,
    field: str = "company_hub_id",
    functionality: Functionality,
    level: AccessLevel,
) -> Q:
    """The condition of rows that belong to companies at which somebody may do something.

    What belongs to no company is not among them; that is for the caller to say.
    """
    where = scope(user, functionality, level)
    if where.is_everything:
        return Q(**{f"{field}__isnull": False})
    groups = StaticGroup.objects.none() if where.is_empty else StaticGroup.objects.filter(_condition(where))
    return Q(**{f"{field}__in": groups.filter(hub_id__isnull=False).values("hub_id")})


def shared_above(
    user: User | AnonymousUser,
    *,
    field: str = "company_hub_id",
    functionality: Functionality,
    level: AccessLevel,
) -> Q:
    """The condition of rows that belong to companies above groups at which somebody may do something.

    What an MSP makes is shared with all below it, never sideways. Who has everything needs only `of_companies`.
    """
    where = scope(user, functionality, level)
    if where.is_everything or where.is_empty:
        return Q(pk__in=[])
    above = StaticGroup.objects.filter(_condition(where)).annotate(up=Func(F("path"), function="unnest")).values("up")
    companies = StaticGroup.objects.filter(pk__in=above, hub_id__isnull=False)
    return Q(**{f"{field}__in": companies.values("hub_id")})


def _condition(where: Scope) -> Q:
    opened = Q(pk__in=[])
    if where.layers:
        opened = _below(where.layers[-1])
        for layer in reversed(where.layers[:-1]):
            opened = _below(layer) & ~opened
    return opened | _below(where.granted) if where.granted else opened


def _below(groups: Collection[int]) -> Q:
    """These groups and everything below them, by the index of paths.

    The planner takes a long list for most of the tree and would compare every path with all of it; so each group of a
    long list is looked up by itself.
    """
    if len(groups) <= FEW_GROUPS:
        return Q(path__overlap=sorted(groups))
    return Q(pk__in=RawSQL(_GROUPS_BELOW, [sorted(groups)]))  # noqa: S611  # a constant file


def _read(user: User) -> tuple[Holding, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, {"user": user.pk})
        return tuple(_holding(*row) for row in cursor.fetchall())


def _holding(path: list[int], level: str | None, role: str, name: str | None, levels: str | None) -> Holding:
    is_from_hub = level is not None
    if levels is not None:
        return Holding(tuple(path), set_levels(json.loads(levels)), is_from_hub, name or "")
    known = Role(role) if role else ROLE_OF_LEVEL[HubLevel(str(level))]
    return Holding(tuple(path), role_levels(role, level), is_from_hub, known.label, known)
