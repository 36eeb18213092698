"""Writes of invitations: somebody gets a link, chooses a password, and works here without an account in Licensing."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.keyring import lookup_hmac
from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.rights.enums import InvitationState
from seatkeep_manager.rights.errors import AlreadyInvitedError, InvitationOverError
from seatkeep_manager.rights.models import Invitation

INVITATION_LIFETIME = timedelta(days=14)
HMAC_PURPOSE = "invitation"


@dataclass(frozen=True, slots=True)
class PersonInvited:
    """The invitation and the secret of its link, which is shown once."""

    invitation: Invitation
    token: str


@transaction.atomic
def invitation_create(
    *,
    actor: Actor,
    email: str,
    group: StaticGroup,
    role: Role | str = "",
    permission_set: PermissionSet | None = None,
    home_group: StaticGroup | None = None,
    invited_by: User | None = None,
    now: datetime,
) -> PersonInvited:
    """Invite somebody who will sign in at the console itself.

    Args:
        actor: Who invites; whether they may give that much is `give_check`.
        email: Who; compared in lower case. No mail is sent: the link is handed over.
        group: Where the role or the set will hold, and below.
        role: A ready-made role, or
        permission_set: an own set; exactly one of them.
        home_group: Where what the person makes stands unless said otherwise; `group` when left out.
        invited_by: The inviter, if it is a person.
        now: Current time, aware UTC; the link ends 14 days later.

    Raises:
        AlreadyInvitedError: Somebody has this address, or an invitation is open.
    """
    email = email.strip().lower()
    open_now = Invitation.objects.filter(email=email, state=InvitationState.INVITED)
    open_now.filter(expires_at__lte=now).update(state=InvitationState.REVOKED, token_hmac=None, decided_at=now)
    if User.objects.filter(email=email).exists():
        raise AlreadyInvitedError(fields={"email": [str(AlreadyInvitedError.message)]})
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        email=email, group=group, role=role, permission_set=permission_set, home_group=home_group or group,
        token_hmac=lookup_hmac(token, HMAC_PURPOSE), invited_by=invited_by, invited_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )  # fmt: skip
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError as error:
        raise AlreadyInvitedError(fields={"email": [str(AlreadyInvitedError.message)]}) from error
    _record(actor, "person:invite", invitation, now)
    return PersonInvited(invitation, token)


def invitation_link(token: str) -> str:
    """The address that is handed over; its secret leaves the address with the first click."""
    return f"{str(settings.CONSOLE_URL).rstrip('/')}/invite/{token}/"


def invitation_open(token: str, *, now: datetime) -> Invitation:
    """The invitation behind a link's secret, not used up.

    Raises:
        InvitationOverError: There is none such, it was used or withdrawn, or `now` is at or after its end.
    """
    found = Invitation.objects.filter(token_hmac=lookup_hmac(token, HMAC_PURPOSE)).select_related("group").first()
    if found is None or found.state != InvitationState.INVITED or now >= found.expires_at:
        raise InvitationOverError
    return found


@transaction.atomic
def invitation_accept(*, invitation: Invitation, name: str, password: str, actor: Actor, now: datetime) -> User:
    """Become a native user with what was promised.

    Args:
        invitation: Found by its secret.
        name: Shown name.
        password: Already judged by the password rules (12 characters and more).
        actor: Who accepts.
        now: Current time, aware UTC.

    Raises:
        InvitationOverError: It was used or withdrawn meanwhile, or somebody has the address now.
    """
    locked = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    is_taken = User.objects.filter(email=locked.email).exists()
    if locked.state != InvitationState.INVITED or now >= locked.expires_at or is_taken:
        raise InvitationOverError
    person: User = User.objects.create_user(locked.email, password, name=name[:120], home_group=locked.home_group)
    PermissionGrant.objects.create(
        user=person, group=locked.group, role=locked.role, permission_set=locked.permission_set, created_at=now
    )
    _end(locked, InvitationState.ACCEPTED, now)
    _record(actor, "person:accept", locked, now)
    return person


@transaction.atomic
def invitation_revoke(*, actor: Actor, invitation: Invitation, now: datetime) -> None:
    """Withdraw an invitation. Idempotent."""
    locked = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if locked.state == InvitationState.INVITED:
        _end(locked, InvitationState.REVOKED, now)
        _record(actor, "person:uninvite", locked, now)


def _end(invitation: Invitation, state: InvitationState, now: datetime) -> None:
    invitation.state, invitation.token_hmac, invitation.decided_at = state, None, now
    invitation.save(update_fields=["state", "token_hmac", "decided_at"])


def _record(actor: Actor, action: str, invitation: Invitation, now: datetime) -> None:
    what = invitation.permission_set.name if invitation.permission_set else invitation.role
    audit_record(
        actor=actor, action=action, subject_type="invitation", subject_id=invitation.uid,
        company_uid=invitation.group.company_hub_id, now=now,
        details={"email": invitation.email, "what": what, "group": invitation.group.name},
    )  # fmt: skip
