"""Writes of people and their access."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.companies.errors import EmailTakenError
from seatkeep_hub.companies.models import Access, Company, User


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
    level: AccessLevel | str,
    now: datetime,
    role: Role | str = Role.TECHNICIAN,
) -> Access:
    """Set what a person may do with a company and below it. The same setting changes nothing."""
    access, is_new = Access.objects.select_for_update().get_or_create(
        user=user, company=company, defaults={"level": level, "role": role, "changed_at": now}
    )
    if not is_new and (access.level, access.role) == (level, role):
        return access
    access.level, access.role, access.changed_at = level, role, now
    access.save(update_fields=["level", "role", "changed_at"])
    _audit(actor, "access:set", user, company, {"level": str(level), "role": str(role)}, now)
    return access


@transaction.atomic
def access_clear(*, actor: Actor, user: User, company: Company, now: datetime) -> None:
    """Drop the explicit setting, so that the one above holds again. Idempotent."""
    deleted, _ = Access.objects.filter(user=user, company=company).delete()
    if deleted:
        _audit(actor, "access:clear", user, company, {}, now)


def _audit(
    actor: Actor, action: str, user: User, company: Company, details: dict[str, str | int | bool | None], now: datetime
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
