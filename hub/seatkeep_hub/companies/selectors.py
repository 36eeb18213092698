"""Reads of companies: the one door for "who may see what"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.remembering import remembered
from seatkeep_webkit.search import search_filter

from seatkeep_hub.companies import access
from seatkeep_hub.companies.access import EVERYTHING, NOTHING, RIGHTS_OF_CONSOLE, Holding, Setting
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus, Right, Role
from seatkeep_hub.companies.errors import (
    AccessDeniedError,
    CompanyNotFoundError,
    RightMissingError,
    SetByParentError,
    UserUnknownError,
)
from seatkeep_hub.companies.models import Access, Company, User

Viewer: TypeAlias = User | Actor
"""Who asks: a signed-in person, or an actor (an instance sees its company's subtree, system and operator see all)."""


def companies_visible(
    viewer: Viewer, *, level: AccessLevel = AccessLevel.READ, right: Right | None = None
) -> QuerySet[Company]:
    """Companies that the viewer may read (or write, or has a right at), removed ones included.

    Args:
        viewer: Who asks. A person without any access, an unknown one or an inactive one sees nothing.
        level: READ or WRITE.
        right: Only where the viewer holds this right, too.
    """
    if isinstance(viewer, Actor) and viewer.kind != ActorKind.USER:
        return _visible_to_machine(viewer, level, right)
    user = viewer if isinstance(viewer, User) else _user_of(viewer)
    if user is None or not user.is_active:
        return Company.objects.none()
    return Company.objects.filter(_visible_condition(access_settings(user), level, right))


def company_get(
    viewer: Viewer, uid: UUID, *, level: AccessLevel = AccessLevel.READ, right: Right | None = None
) -> Company:
    """One company.

    Raises:
        CompanyNotFoundError: There is none, or the viewer may not even read it.
        AccessDeniedError: The viewer may read it, and `level` is WRITE.
        RightMissingError: The viewer may do that much, and lacks the right.
    """
    company = companies_visible(viewer).filter(uid=uid).first()
    if company is None:
        raise CompanyNotFoundError
    if level == AccessLevel.WRITE and not companies_visible(viewer, level=level).filter(pk=company.pk).exists():
        raise AccessDeniedError
    if right is not None and right not in holding(viewer, company).rights:
        raise RightMissingError(right=right.value)
    return company


def holding(viewer: Viewer, company: Company) -> Holding:
    """What the viewer holds at a company: the nearest setting of a person, the scopes of a token."""
    if isinstance(viewer, Actor) and viewer.kind != ActorKind.USER:
        return _holding_of_machine(viewer, company)
    user = viewer if isinstance(viewer, User) else _user_of(viewer)
    if user is None or not user.is_active:
        return NOTHING
    found = access.nearest(company.path, access_settings(user))
    return found.holding if found else NOTHING


def may(viewer: Viewer, company: Company, right: Right) -> bool:
    """Whether the viewer holds a right at a company. `Right.PRICES` decides whether an amount is shown."""
    return right in holding(viewer, company).rights


def company_search(companies: QuerySet[Company], words: str) -> QuerySet[Company]:
    """Those that have every word: parts of name, number, tax id, e-mail, contact, city and tags, whatever the case."""
    return search_filter(companies, "search", words)


def parent_decides_check(viewer: Viewer, company: Company, values: Mapping[str, object]) -> None:
    """Refuse to change what the company above decides (`fields.OF_THE_PARENT`), unless the viewer may change that one.

    Raises:
        SetByParentError: The viewer may not, and a value differs from what is there.
    """
    if all(getattr(company, name, None) == value for name, value in values.items()):
        return
    if not companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=company.parent_id or 0).exists():
        raise SetByParentError


def company_children(viewer: Viewer, company: Company) -> QuerySet[Company]:
    """Direct children that the viewer may see and that are not removed, by name."""
    return companies_visible(viewer).filter(parent=company).exclude(status=CompanyStatus.REMOVED).order_by("name", "id")


def company_ancestors(company: Company) -> list[Company]:
    """Companies above, the root first, without the company itself."""
    found = {one.pk: one for one in Company.objects.filter(pk__in=company.path[:-1])}
    return [found[pk] for pk in company.path[:-1]]


def company_subtree(company: Company) -> QuerySet[Company]:
    """The company and everything below it."""
    return Company.objects.filter(path__contains=[company.pk])


def access_level(user: User, company: Company) -> AccessLevel:
    """What this person may do with this company: the nearest explicit setting on its path."""
    return holding(user, company).level


@remembered
def access_settings(user: User) -> list[Setting]:
    """Explicit settings of a person, as the decisions need them."""
    rows = Access.objects.filter(user=user).values_list("company__path", "level", "role", "sees_prices")
    return [Setting(tuple(path), AccessLevel(level), Role(role), prices) for path, level, role, prices in rows]


def access_list(user: User) -> QuerySet[Access]:
    """Explicit settings of a person, for the OIDC claim and the access page."""
    return Access.objects.filter(user=user).select_related("company").order_by("company__name")


def users_of(viewer: Viewer, *, text: str = "") -> QuerySet[User]:
    """People of the companies that the viewer may see; with `text`, those whose name or address has each word."""
    found = User.objects.filter(company__in=companies_visible(viewer)).select_related("company")
    for word in text.replace("\0", "").split():
        found = found.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return found


def user_get(viewer: Viewer, uid: UUID) -> User:
    """One person.

    Raises:
        UserUnknownError: There is none, or not of a company that the viewer may see.
    """
    found = users_of(viewer).filter(uid=uid).first()
    if found is None:
        raise UserUnknownError
    return found


def _visible_to_machine(actor: Actor, level: AccessLevel, right: Right | None) -> QuerySet[Company]:
    if actor.kind in {ActorKind.SYSTEM, ActorKind.OPERATOR}:
        return Company.objects.all()
    company = Company.objects.filter(uid=actor.company_uid).first() if actor.company_uid else None
    if company is None or not _machine_holding(actor).suffices(level, right):
        return Company.objects.none()
    return company_subtree(company)


def _holding_of_machine(actor: Actor, company: Company) -> Holding:
    if actor.kind in {ActorKind.SYSTEM, ActorKind.OPERATOR}:
        return EVERYTHING
    is_own = Company.objects.filter(uid=actor.company_uid, pk__in=company.path).exists() if actor.company_uid else False
    return _machine_holding(actor) if is_own else NOTHING


def _machine_holding(actor: Actor) -> Holding:
    if actor.scopes is None:
        return Holding(AccessLevel.WRITE, RIGHTS_OF_CONSOLE)
    return access.holding_of_scopes(actor.scopes)


def _user_of(actor: Actor) -> User | None:
    try:
        return User.objects.filter(uid=UUID(actor.id)).first()
    except ValueError:
        return None


def _visible_condition(settings: Sequence[Setting], level: AccessLevel, right: Right | None) -> Q:
    """Below each setting that suffices, except below a nearer one that does not.

    A still nearer one that suffices brings its own subtree in again, so the nearest setting wins everywhere.
    """
    condition = Q(pk__in=[])
    suffices = {one: one.holding.suffices(level, right) for one in settings}
    for one in settings:
        if suffices[one]:
            condition |= _below(one.path) & ~_any_below(
                [deny.path for deny in settings if deny.is_below(one) and not suffices[deny]]
            )
    return condition


def _below(path: Sequence[int]) -> Q:
    return Q(path__contains=[path[-1]])


def _any_below(paths: Sequence[Sequence[int]]) -> Q:
    # An empty OR would be true; "in nothing" is false.
    return Q(path__overlap=[path[-1] for path in paths]) if paths else Q(pk__in=[])
