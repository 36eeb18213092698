"""Reads of companies: the one door for "who may see what"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor, ActorKind

from seatkeep_hub.companies import rules
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.errors import AccessDeniedError, CompanyNotFoundError
from seatkeep_hub.companies.models import Access, Company, User

Viewer: TypeAlias = User | Actor
"""Who asks: a signed-in person, or an actor (an instance sees its company's subtree, system and operator see all)."""


def companies_visible(viewer: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Company]:
    """Companies that the viewer may read (or write), removed ones included.

    Args:
        viewer: Who asks. A person without any access, an unknown one or an inactive one sees nothing.
        level: READ or WRITE.
    """
    if isinstance(viewer, Actor) and viewer.kind != ActorKind.USER:
        return _visible_to_machine(viewer)
    user = viewer if isinstance(viewer, User) else _user_of(viewer)
    if user is None or not user.is_active:
        return Company.objects.none()
    return Company.objects.filter(_visible_condition(_accesses(user), level))


def company_get(viewer: Viewer, uid: UUID, *, level: AccessLevel = AccessLevel.READ) -> Company:
    """One company.

    Raises:
        CompanyNotFoundError: There is none, or the viewer may not even read it.
        AccessDeniedError: The viewer may read it, and `level` is WRITE.
    """
    company = companies_visible(viewer).filter(uid=uid).first()
    if company is None:
        raise CompanyNotFoundError
    if level == AccessLevel.WRITE and not companies_visible(viewer, level=level).filter(pk=company.pk).exists():
        raise AccessDeniedError
    return company


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
    if not user.is_active:
        return AccessLevel.NONE
    explicit = dict(Access.objects.filter(user=user, company_id__in=company.path).values_list("company_id", "level"))
    return rules.nearest_level(company.path, explicit)


def access_list(user: User) -> QuerySet[Access]:
    """Explicit settings of a person, for the OIDC claim and the access page."""
    return Access.objects.filter(user=user).select_related("company").order_by("company__name")


def users_of(viewer: Viewer) -> QuerySet[User]:
    """People of the companies that the viewer may see."""
    return User.objects.filter(company__in=companies_visible(viewer)).select_related("company")


def _visible_to_machine(actor: Actor) -> QuerySet[Company]:
    if actor.kind in {ActorKind.SYSTEM, ActorKind.OPERATOR}:
        return Company.objects.all()
    company = Company.objects.filter(uid=actor.company_uid).first() if actor.company_uid else None
    return company_subtree(company) if company else Company.objects.none()


def _user_of(actor: Actor) -> User | None:
    try:
        return User.objects.filter(uid=UUID(actor.id)).first()
    except ValueError:
        return None


def _accesses(user: User) -> list[tuple[list[int], str]]:
    return list(Access.objects.filter(user=user).values_list("company__path", "level"))


def _visible_condition(accesses: Sequence[tuple[list[int], str]], level: AccessLevel) -> Q:
    """Below each setting that suffices, except below a nearer one that does not.

    A still nearer one that suffices brings its own subtree in again, so the nearest setting wins everywhere.
    """
    condition = Q(pk__in=[])
    for path, held in accesses:
        if rules.allows(held, level):
            condition |= _below(path) & ~_any_below(
                [deny for deny, other in accesses if _is_nearer(deny, path) and not rules.allows(other, level)]
            )
    return condition


def _is_nearer(path: Sequence[int], above: Sequence[int]) -> bool:
    return len(path) > len(above) and list(path[: len(above)]) == list(above)


def _below(path: Sequence[int]) -> Q:
    return Q(path__contains=[path[-1]])


def _any_below(paths: Sequence[Sequence[int]]) -> Q:
    # An empty OR would be true; "in nothing" is false.
    return Q(path__overlap=[path[-1] for path in paths]) if paths else Q(pk__in=[])
