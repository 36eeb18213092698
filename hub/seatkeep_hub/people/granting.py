"""Setting the access of others: what is given is first judged against what the giver holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_hub.companies.access import Holding, nearest, setting_of
from seatkeep_hub.companies.enums import AccessLevel, Right, Role
from seatkeep_hub.companies.errors import GrantError, RightMissingError
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.people import access_clear, access_set, grant_check, grantable, role_assign
from seatkeep_hub.companies.selectors import Viewer, access_settings, companies_visible


@dataclass(frozen=True, slots=True)
class Wanted:
    """One setting that somebody asks for; neither level nor role means "as above".

    Attributes:
        company: Where it shall hold, and below.
        level: The role's own when left out.
        role: The plainest of the level when left out.
        sees_prices: None for what the role says.
    """

    company: Company
    level: AccessLevel | None = None
    role: Role | None = None
    sees_prices: bool | None = None

    @property
    def is_as_above(self) -> bool:
        """Whether the explicit setting shall go."""
        return self.level is None and self.role is None


@transaction.atomic
def access_change(*, viewer: Viewer, actor: Actor, user: User, wanted: Collection[Wanted], now: datetime) -> None:
    """Set or drop explicit settings of a person at several companies: all of them, or none.

    Args:
        viewer: Who asks; must hold at each company at least what is given and what was held.
        actor: The same, for the journal.
        user: Whose access.
        wanted: One per company.
        now: Current time, aware UTC.

    Raises:
        OwnAccessError: It is the viewer's own.
        GrantError: It is more than the viewer holds there, or the other holds more.
        LastOwnerError: It would take the last owner of a company.
    """
    for one in wanted:
        grant_check(viewer, user=user, company=one.company, wanted=_given(user, one))
        if one.is_as_above:
            access_clear(actor=actor, user=user, company=one.company, now=now)
        else:
            access_set(
                actor=actor,
                user=user,
                company=one.company,
                level=one.level,
                role=one.role,
                sees_prices=one.sees_prices,
                now=now,
            )


@transaction.atomic
def role_give(
    *,
    viewer: Viewer,
    actor: Actor,
    user: User,
    company: Company,
    role: Role,
    customers: Sequence[Company] = (),
    sees_prices: bool | None = None,
    now: datetime,
) -> None:
    """Give a person one role for a company and below, also what comes later, or for a list; see `role_assign`.

    Raises:
        OwnAccessError: It is the viewer's own.
        GrantError: It is more than the viewer holds at one of the places, or the other holds more.
        LastOwnerError: It would take the last owner of a company.
    """
    places = customers or [company]
    for place in [company, *places, *_set_below(user, company)]:
        given = setting_of(place.path, role=role, sees_prices=sees_prices).holding
        grant_check(viewer, user=user, company=place, wanted=given if place in places else _above(user, place))
    role_assign(
        actor=actor, user=user, company=company, role=role, customers=customers, sees_prices=sees_prices, now=now
    )


def invite_check(viewer: Viewer, *, company: Company, wanted: Holding, customers: Iterable[Company]) -> None:
    """Refuse to invite somebody with more than one holds.

    Raises:
        RightMissingError: The viewer may not manage the people of the company.
        GrantError: It is more than the viewer holds at one of the places.
    """
    if not companies_visible(viewer, right=Right.PEOPLE).filter(pk=company.pk).exists():
        raise RightMissingError(right=Right.PEOPLE.value)
    if not all(grantable(viewer, place).covers(wanted) for place in [*customers] or [company]):
        raise GrantError


def manageable(viewer: Viewer, user: User) -> bool:
    """Whether the viewer manages a person: may do so at their company, and nobody manages who holds more.

    Settings of the person at companies that the viewer does not see count, too: who holds something elsewhere is
    managed by somebody above both.
    """
    if not companies_visible(viewer, right=Right.PEOPLE).filter(pk=user.company_id).exists():
        return False
    rows = Access.objects.filter(user=user).exclude(level=AccessLevel.NONE).select_related("company")
    held = {one.path: one.holding for one in access_settings(user)}
    return all(grantable(viewer, row.company).covers(held[tuple(row.company.path)]) for row in rows)


def _given(user: User, one: Wanted) -> Holding:
    if one.is_as_above:
        return _above(user, one.company)
    return setting_of(one.company.path, level=one.level, role=one.role, sees_prices=one.sees_prices).holding


def _above(user: User, company: Company) -> Holding:
    found = nearest(company.path[:-1], access_settings(user))
    return found.holding if found else Holding(AccessLevel.NONE, frozenset())


def _set_below(user: User, company: Company) -> list[Company]:
    return list(Company.objects.filter(accesses__user=user, path__contains=[company.pk]).exclude(pk=company.pk))
