"""Writes of people and their access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.audit.services import Detail, audit_record
from seatkeep_webkit.roles import ROLES

from seatkeep_hub.companies.access import Holding, may_grant, setting_of
from seatkeep_hub.companies.enums import AccessLevel, Right, Role
from seatkeep_hub.companies.errors import EmailTakenError, GrantError, LastOwnerError, OwnAccessError
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.selectors import Viewer, holding


@transaction.atomic
def user_create(
    *,
    actor: Actor,
    company: Company,
    email: str,
    name: str,
    now: datetime,
    password: str | None = None,
    is_contact: bool = False,
) -> User:
    """Create a person of a company, without any access yet.

    Args:
        actor: Who does it.
        company: Where the person works.
        email: Unique in the whole hub.
        name: Shown name.
        now: Current time, aware UTC.
        password: None when the person will set one by invitation.
        is_contact: Whether mail about the company goes to this person.

    Raises:
        EmailTakenError: Somebody has this address.
    """
    try:
        with transaction.atomic():
            user: User = User.objects.create_user(email, password, name=name, company=company, is_contact=is_contact)
    except IntegrityError as error:
        raise EmailTakenError from error
    _audit(actor, "user:create", user, company, {"email": user.email}, now)
    return user


@transaction.atomic
def access_set(
    *,
    actor: Actor,
    user: User,
    company: Company,
    now: datetime,
    level: AccessLevel | str | None = None,
    role: Role | str | None = None,
    sees_prices: bool | None = None,
) -> Access:
    """Set what a person may do with a company and below it. The same setting changes nothing.

    Args:
        actor: Who does it; whether they may is `grant_check`.
        user: Whose access.
        company: Where it holds, and below.
        now: Current time, aware UTC.
        level: The role's own when left out.
        role: The plainest of the level when left out.
        sees_prices: None for what the role says.

    Raises:
        ValueError: Neither a level nor a role is given.
        LastOwnerError: It would take the company's last owner.
    """
    wanted = setting_of(company.path, level=level, role=role, sees_prices=sees_prices)
    if (wanted.level, wanted.role) != (AccessLevel.WRITE, Role.OWNER):
        owners_keep(user=user, companies=[company])
    values = {"level": wanted.level, "role": wanted.role, "sees_prices": wanted.sees_prices}
    access, is_new = Access.objects.select_for_update().get_or_create(
        user=user, company=company, defaults={**values, "changed_at": now}
    )
    if not is_new and all(getattr(access, name) == value for name, value in values.items()):
        return access
    for name, value in {**values, "changed_at": now}.items():
        setattr(access, name, value)
    access.save(update_fields=[*values, "changed_at"])
    noted = {"level": wanted.level.value, "role": wanted.role.value, "sees_prices": wanted.sees_prices}
    _audit(actor, "access:set", user, company, noted, now)
    return access


@transaction.atomic
def access_clear(*, actor: Actor, user: User, company: Company, now: datetime) -> None:
    """Drop the explicit setting, so that the one above holds again. Idempotent.

    Raises:
        LastOwnerError: It would take the company's last owner.
    """
    owners_keep(user=user, companies=[company])
    deleted, _ = Access.objects.filter(user=user, company=company).delete()
    if deleted:
        _audit(actor, "access:clear", user, company, {}, now)


@transaction.atomic
def role_assign(
    *,
    actor: Actor,
    user: User,
    company: Company,
    role: Role | str,
    customers: Iterable[Company] = (),
    sees_prices: bool | None = None,
    now: datetime,
) -> None:
    """Give a person one role, for everything at a company and below (also what comes later), or for a list only.

    Settings that the person has elsewhere below the company end; those outside it stay.

    Args:
        actor: Who does it; whether they may is `grant_check` at each company.
        user: Whose role.
        company: The company; with `customers` empty the role holds there and below.
        role: Ready-made role.
        customers: The only companies for which it holds.
        sees_prices: None for what the role says.
        now: Current time, aware UTC.

    Raises:
        LastOwnerError: It would take the last owner of one of these companies.
    """
    places = {one.pk: one for one in customers} or {company.pk: company}
    others = Access.objects.filter(user=user, company__path__contains=[company.pk]).exclude(company__in=places)
    for other in others.select_related("company").order_by("company_id"):
        access_clear(actor=actor, user=user, company=other.company, now=now)
    for place in places.values():
        access_set(actor=actor, user=user, company=place, role=role, sees_prices=sees_prices, now=now)


@transaction.atomic
def user_update(
    *,
    actor: Actor,
    user: User,
    now: datetime,
    name: str | None = None,
    is_contact: bool | None = None,
    may_use_api: bool | None = None,
) -> User:
    """Change a person's name and switches; None leaves one as it is. The same values change nothing."""
    locked: User = User.objects.select_for_update().select_related("company").get(pk=user.pk)
    wanted = {"name": name, "is_contact": is_contact, "may_use_api": may_use_api}
    changed = {key: value for key, value in wanted.items() if value is not None and getattr(locked, key) != value}
    if changed:
        for key, value in changed.items():
            setattr(locked, key, value)
        locked.save(update_fields=list(changed))
        _audit(actor, "user:update", locked, locked.company, changed, now)
    return locked


def grant_check(viewer: Viewer, *, user: User, company: Company, wanted: Holding) -> None:
    """Refuse to give what one does not have, or to change the access of somebody who has more there.

    Args:
        viewer: Who sets.
        user: Whose access; nobody sets their own.
        company: Where.
        wanted: What the other shall hold there.

    Raises:
        OwnAccessError: It is the viewer's own.
        GrantError: It is more than the viewer holds there, or the other holds more.
    """
    if isinstance(viewer, User) and viewer.pk == user.pk:
        raise OwnAccessError
    if not may_grant(grantable(viewer, company), wanted, holding(user, company)):
        raise GrantError


def grantable(viewer: Viewer, company: Company) -> Holding:
    """The most that the viewer may give at a company: what they hold; a token for people all but owners."""
    own = holding(viewer, company)
    if isinstance(viewer, Actor) and viewer.kind == ActorKind.INSTANCE and Right.PEOPLE in own.rights:
        return Holding(AccessLevel.WRITE, ROLES[Role.ADMINISTRATOR].rights)
    return own


def owners_keep(*, user: User, companies: Iterable[Company]) -> None:
    """Refuse to take the last owner from any of these companies; holds each until the transaction ends.

    Two who end two owners at once wait for each other here, so one of them is refused.

    Raises:
        LastOwnerError: The person is the only active owner of one of them.
    """
    own = Access.objects.filter(user=user, company__in=companies, role=Role.OWNER, level=AccessLevel.WRITE)
    owned = list(own.order_by("company_id").values_list("company_id", flat=True))
    if not owned:
        return
    list(Company.objects.select_for_update(no_key=True).filter(pk__in=owned).order_by("pk"))
    others = Access.objects.filter(role=Role.OWNER, level=AccessLevel.WRITE, user__is_active=True).exclude(user=user)
    kept = set(others.filter(company__in=owned).values_list("company_id", flat=True))
    if set(owned) - kept:
        raise LastOwnerError


def _audit(
    actor: Actor, action: str, user: User, company: Company, details: Mapping[str, Detail], now: datetime
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="user",
        subject_id=str(user.uid),
        company_uid=company.uid,
        details=details,
        now=now,
    )
