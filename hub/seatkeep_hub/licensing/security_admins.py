"""Delegation: a company lets a person manage its licenses. Invited by the owner, in force once accepted."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.licensing.enums import AdminStatus
from seatkeep_hub.licensing.errors import SecurityAdminError, SecurityAdminSelfError
from seatkeep_hub.licensing.models import SecurityAdmin

TOKEN_PURPOSE = "security-admin"  # noqa: S105  # the name of a purpose, not a secret
INVITATION_LIFETIME = timedelta(days=14)


class Invited(NamedTuple):
    """An invitation and the secret of its link, which is not kept."""

    admin: SecurityAdmin
    token: str


@transaction.atomic
def security_admin_invite(*, actor: Actor, company: Company, email: str, now: datetime) -> Invited:
    """Invite a person to manage the licenses of `company`. The caller mails the link and shows it to copy.

    An open invitation of the same address is replaced, so only the newest link works.

    Raises:
        SecurityAdminSelfError: The address is not one.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise SecurityAdminSelfError(fields={"email": error.messages}) from error
    SecurityAdmin.objects.filter(company=company, email=address, status=AdminStatus.INVITED).update(
        status=AdminStatus.REVOKED
    )
    token = secrets.token_urlsafe(32)
    admin = SecurityAdmin.objects.create(
        company=company,
        email=address,
        status=AdminStatus.INVITED,
        token_lookup=lookup_hmac(token, TOKEN_PURPOSE),
        invited_by=actor.label[:200],
        invited_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    _record(admin, actor, "invite", now)
    return Invited(admin, token)


def security_admin_open(token: str, *, now: datetime) -> SecurityAdmin:
    """The open invitation behind a link.

    Raises:
        SecurityAdminError: It is used, ended, or never was.
    """
    found = (
        SecurityAdmin.objects.select_related("company").filter(token_lookup=lookup_hmac(token, TOKEN_PURPOSE)).first()
    )
    if found is None or found.status != AdminStatus.INVITED or now >= found.expires_at:
        raise SecurityAdminError
    return found


@transaction.atomic
def security_admin_accept(*, actor: Actor, token: str, user: User, now: datetime) -> SecurityAdmin:
    """Accept an invitation as the signed-in person. The address must be the invited one.

    Raises:
        SecurityAdminError: It is used, ended, for another address, or the person manages the company already.
    """
    admin = SecurityAdmin.objects.select_for_update().get(pk=security_admin_open(token, now=now).pk)
    if admin.status != AdminStatus.INVITED or admin.email != user.email.lower():
        raise SecurityAdminError
    admin.status, admin.user, admin.accepted_at = AdminStatus.ACCEPTED, user, now
    try:
        with transaction.atomic():
            admin.save(update_fields=["status", "user", "accepted_at"])
    except IntegrityError as error:
        raise SecurityAdminError from error
    _record(admin, actor, "accept", now)
    return admin


@transaction.atomic
def security_admin_revoke(*, actor: Actor, admin: SecurityAdmin, now: datetime) -> None:
    """End a delegation or an invitation. Idempotent."""
    changed = SecurityAdmin.objects.filter(pk=admin.pk).exclude(status=AdminStatus.REVOKED)
    if changed.update(status=AdminStatus.REVOKED):
        _record(admin, actor, "revoke", now)


def security_admin_list(company: Company) -> QuerySet[SecurityAdmin]:
    """Delegations of a company, newest first."""
    return SecurityAdmin.objects.filter(company=company).select_related("user")


def owners_administered(user: User) -> QuerySet[Company]:
    """Companies whose licenses this person manages by an accepted delegation."""
    if not user.is_active:
        return Company.objects.none()
    return Company.objects.filter(security_admins__user=user, security_admins__status=AdminStatus.ACCEPTED).order_by(
        "name", "id"
    )


def _record(admin: SecurityAdmin, actor: Actor, verb: str, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=f"security_admin:{verb}",
        subject_type="security_admin",
        subject_id=str(admin.uid),
        company_uid=admin.company.uid,
        details={"email": admin.email},
        now=now,
    )
    outbox_append(topic=f"security_admin.{verb}", payload={"v": 1, "security_admin": str(admin.uid)}, now=now)
