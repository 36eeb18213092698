"""Writes of invitations: a person is asked to work in a company and becomes a user by accepting."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.access import setting_of
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus, Role
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_confirm
from seatkeep_hub.msp.enums import InvitationState
from seatkeep_hub.msp.errors import AlreadyInvitedError, InvitationOverError
from seatkeep_hub.msp.models import Invitation

INVITATION_LIFETIME = timedelta(days=14)
HMAC_PURPOSE = "invitation"


@dataclass(frozen=True)
class PersonInvited:
    """The invitation and its secret, which is shown once; only its HMAC is kept."""

    invitation: Invitation
    token: str


@transaction.atomic
def invitation_create(
    *,
    company: Company,
    email: str,
    actor: Actor,
    now: datetime,
    level: AccessLevel | str | None = None,
    role: Role | str | None = None,
    sees_prices: bool | None = None,
    customers: Iterable[Company] = (),
) -> PersonInvited:
    """Invite a person to work in a company. Whether the actor may is the caller's check.

    Args:
        company: Where the person will work; people are only made in a company of the inviter's own sight.
        email: Where the invitation goes; compared in lower case.
        actor: Who invites; whether they may give that much is `grant_check`.
        now: Current time, aware UTC; the invitation ends 14 days later.
        level: The role's own when left out.
        role: The plainest of the level when left out.
        sees_prices: None for what the role says.
        customers: Only for these; empty for the company and everything below it, also what comes later.

    Raises:
        AlreadyInvitedError: Somebody has this address, or an invitation is open.
    """
    email = email.strip().lower()
    if User.objects.filter(email=email).exists():
        raise AlreadyInvitedError(fields={"email": [str(AlreadyInvitedError.message)]})
    Invitation.objects.filter(company=company, email=email, state=InvitationState.INVITED, expires_at__lte=now).update(
        state=InvitationState.REVOKED, token_hmac=None, decided_at=now
    )
    wanted = setting_of(company.path, level=level, role=role, sees_prices=sees_prices)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        company=company,
        email=email,
        level=wanted.level,
        role=wanted.role,
        sees_prices=sees_prices,
        token_hmac=lookup_hmac(token, HMAC_PURPOSE),
        invited_by=actor.label,
        invited_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    try:
        with transaction.atomic():
            invitation.save()
            invitation.customers.set(customers)
    except IntegrityError as error:
        raise AlreadyInvitedError(fields={"email": [str(AlreadyInvitedError.message)]}) from error
    _record(invitation, "user:invite", actor, now)
    return PersonInvited(invitation=invitation, token=token)


@transaction.atomic
def invitation_accept(*, invitation: Invitation, name: str, password: str, actor: Actor, now: datetime) -> User:
    """Become a user of the company with the access that was promised.

    Args:
        invitation: Found by its secret.
        name: Shown name.
        password: Already judged by the password rules.
        actor: Who accepts.
        now: Current time, aware UTC.

    Raises:
        InvitationOverError: It was used or withdrawn, or `now` is at or after its end.
        EmailTakenError: Somebody has this address meanwhile.
    """
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.state != InvitationState.INVITED or now >= locked.expires_at:
        raise InvitationOverError
    user = user_create(actor=actor, company=locked.company, email=locked.email, name=name, password=password, now=now)
    for place in list(locked.customers.order_by("pk")) or [locked.company]:
        access_set(
            actor=actor,
            user=user,
            company=place,
            level=locked.level,
            role=locked.role,
            sees_prices=locked.sees_prices,
            now=now,
        )
    if locked.company.status == CompanyStatus.WAITING:
        company_confirm(actor=actor, company=locked.company, now=now)
    _end(locked, InvitationState.ACCEPTED, now)
    _record(locked, "user:accept", actor, now)
    return user


@transaction.atomic
def invitation_resend(*, invitation: Invitation, actor: Actor, now: datetime) -> PersonInvited:
    """Make a new link for an open invitation, for another 14 days; the old one stops working.

    Raises:
        InvitationOverError: It was used or withdrawn meanwhile.
    """
    locked = Invitation.objects.select_for_update(of=("self",)).select_related("company").get(pk=invitation.pk)
    if locked.state != InvitationState.INVITED:
        raise InvitationOverError
    token = secrets.token_urlsafe(32)
    locked.token_hmac, locked.expires_at = lookup_hmac(token, HMAC_PURPOSE), now + INVITATION_LIFETIME
    locked.invited_by = actor.label
    locked.save(update_fields=["token_hmac", "expires_at", "invited_by"])
    _record(locked, "user:reinvite", actor, now)
    return PersonInvited(invitation=locked, token=token)


@transaction.atomic
def invitation_revoke(*, invitation: Invitation, actor: Actor, now: datetime) -> None:
    """Withdraw an invitation. Idempotent."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if locked.state == InvitationState.INVITED:
        _end(locked, InvitationState.REVOKED, now)
        _record(locked, "user:uninvite", actor, now)


def _end(invitation: Invitation, state: InvitationState, now: datetime) -> None:
    invitation.state, invitation.token_hmac, invitation.decided_at = state, None, now
    invitation.save(update_fields=["state", "token_hmac", "decided_at"])


def _record(invitation: Invitation, action: str, actor: Actor, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="invitation",
        subject_id=str(invitation.uid),
        company_uid=invitation.company.uid,
        details={"email": invitation.email, "role": invitation.role},
        now=now,
    )
