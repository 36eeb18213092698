"""What somebody who leaves has made or holds, and which secrets they have seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.instances.models import ApiToken, Instance
from seatkeep_hub.instances.services import instance_revoke
from seatkeep_hub.instances.tokens import token_revoke, token_rotate
from seatkeep_hub.licensing.enums import AdminStatus
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.licensing.security_admins import (
    owners_administered,
    security_admin_accept,
    security_admin_invite,
    security_admin_revoke,
)
from seatkeep_hub.msp.enums import InvitationState
from seatkeep_hub.msp.invitations import invitation_revoke
from seatkeep_hub.msp.models import Invitation
from seatkeep_hub.people.enums import Choice, Left

SECRET_ACTIONS = (
    "license:key_show",
    "license:key_rotate",
    "license:credential_show",
    "recovery-kit:take",
    "api-token:create",
    "api-token:rotate",
)
"""Acts after which a secret stood on somebody's screen."""
SECRETS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be decided about.

    Attributes:
        kind: What it is.
        uid: Its id.
        name: How people call it.
        company: Whose it is.
        choices: What can become of it; the first is what happens unless somebody says otherwise.
        since: When it was made.
    """

    kind: Left
    uid: UUID
    name: str
    company: Company
    choices: tuple[Choice, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class SeenSecret:
    """A secret that the person has seen: of what, when last, and how it was seen."""

    action: str
    subject_type: str
    subject_id: str
    details: dict[str, object]
    at: datetime


def items_of(user: User) -> list[Item]:
    """Everything that a person made or holds and that goes on without them, by kind."""
    return [*_tokens(user), *_consoles(user), *_admins(user), *_invitations(user), *_admin_invitations(user)]


def secrets_seen(user: User) -> list[SeenSecret]:
    """Secrets that the person has seen, the last first, each thing once; the newest 500."""
    entries = AuditEntry.objects.filter(actor_id=str(user.uid), action__in=SECRET_ACTIONS).order_by("-id")
    found: dict[tuple[str, str], SeenSecret] = {}
    for one in entries[:SECRETS_SHOWN]:
        seen = SeenSecret(one.action, one.subject_type, one.subject_id, dict(one.details), one.at)
        found.setdefault((one.subject_type, one.subject_id), seen)
    return list(found.values())


def item_settle(item: Item, *, choice: Choice, heir: User | None, actor: Actor, now: datetime) -> str:
    """Do with a thing what was chosen; KEEP does nothing.

    Returns:
        The new secret where there is one; else nothing.
    """
    if item.kind == Left.TOKEN:
        return _token_settle(item, choice, heir, actor, now)
    if item.kind == Left.ADMIN:
        _admin_settle(item, choice, heir, actor, now)
    elif choice == Choice.END:
        _end(item, actor, now)
    return ""


def _tokens(user: User) -> Iterator[Item]:
    choices = (Choice.KEEP, Choice.ROTATE, Choice.HAND_OVER, Choice.END)
    for one in ApiToken.objects.filter(made_by=user, revoked_at__isnull=True).select_related("company"):
        yield Item(Left.TOKEN, one.uid, one.name, one.company, choices, one.created_at)


def _consoles(user: User) -> Iterator[Item]:
    linked = AuditEntry.objects.filter(actor_id=str(user.uid), action="instance:link").values_list("subject_id")
    found = Instance.objects.filter(uid__in=[UUID(uid) for (uid,) in linked], is_revoked=False)
    for one in found.select_related("company"):
        yield Item(Left.CONSOLE, one.uid, one.name, one.company, (Choice.KEEP, Choice.END), one.created_at)


def _admins(user: User) -> Iterator[Item]:
    found = SecurityAdmin.objects.filter(user=user, status=AdminStatus.ACCEPTED).select_related("company")
    for one in found:
        since = one.accepted_at or one.invited_at
        yield Item(Left.ADMIN, one.uid, one.company.name, one.company, (Choice.END, Choice.HAND_OVER), since)


def _invitations(user: User) -> Iterator[Item]:
    found = Invitation.objects.filter(invited_by=user.email, state=InvitationState.INVITED).select_related("company")
    for one in found:
        yield Item(Left.INVITATION, one.uid, one.email, one.company, (Choice.KEEP, Choice.END), one.invited_at)


def _admin_invitations(user: User) -> Iterator[Item]:
    found = SecurityAdmin.objects.filter(invited_by=user.email, status=AdminStatus.INVITED).select_related("company")
    for one in found:
        yield Item(Left.ADMIN_INVITATION, one.uid, one.email, one.company, (Choice.KEEP, Choice.END), one.invited_at)


def _token_settle(item: Item, choice: Choice, heir: User | None, actor: Actor, now: datetime) -> str:
    token = ApiToken.objects.select_related("company").get(uid=item.uid)
    if choice == Choice.ROTATE:
        return token_rotate(token=token, actor=actor, now=now).secret
    if choice == Choice.HAND_OVER:
        ApiToken.objects.filter(pk=token.pk).update(made_by=heir)
    elif choice == Choice.END:
        token_revoke(token=token, actor=actor, now=now)
    return ""


def _admin_settle(item: Item, choice: Choice, heir: User | None, actor: Actor, now: datetime) -> None:
    security_admin_revoke(actor=actor, admin=SecurityAdmin.objects.get(uid=item.uid), now=now)
    if choice == Choice.HAND_OVER and heir and not owners_administered(heir).filter(pk=item.company.pk).exists():
        invited = security_admin_invite(actor=actor, company=item.company, email=heir.email, now=now)
        security_admin_accept(actor=actor, token=invited.token, user=heir, now=now)


def _end(item: Item, actor: Actor, now: datetime) -> None:
    if item.kind == Left.CONSOLE:
        instance_revoke(instance=Instance.objects.get(uid=item.uid), actor=actor, now=now)
    elif item.kind == Left.INVITATION:
        invitation_revoke(invitation=Invitation.objects.get(uid=item.uid), actor=actor, now=now)
    elif item.kind == Left.ADMIN_INVITATION:
        security_admin_revoke(actor=actor, admin=SecurityAdmin.objects.get(uid=item.uid), now=now)
