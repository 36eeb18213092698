"""What somebody who leaves has made, and which secrets they have seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry

from seatkeep_manager.directory.models import User
from seatkeep_manager.enrollment.enums import TokenKind
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import deployment_key_rotate, token_revoke
from seatkeep_manager.rights.api_clients import token_revoke as client_revoke
from seatkeep_manager.rights.api_clients import token_rotate as client_rotate
from seatkeep_manager.rights.enums import Choice, InvitationState, Left
from seatkeep_manager.rights.inviting import invitation_revoke
from seatkeep_manager.rights.models import ApiToken, Invitation
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_manager.tasks.services import task_cancel

SECRET_ACTIONS = (
    "token:create", "token:rotate", "token:show", "api_token:create", "api_token:rotate", "license:credentials",
    "person:invite",
)  # fmt: skip
"""Acts after which a secret stood on somebody's screen."""
SECRETS_SHOWN = 500
MADE_READ = 5_000


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that must be decided about.

    Attributes:
        kind: What it is.
        uid: Its id.
        name: How people call it.
        place: The group that it stands for.
        choices: What can become of it; the first is what happens unless somebody says otherwise.
        since: When it was made.
    """

    kind: Left
    uid: UUID
    name: str
    place: str
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


def items_of(person: User) -> list[Item]:
    """Everything that a person made and that goes on without them, by kind."""
    return [*_clients(person), *_keys(person), *_tasks(person), *_invitations(person)]


def secrets_seen(person: User) -> list[SeenSecret]:
    """Secrets that the person has seen, the last first, each thing once; the newest 500."""
    entries = AuditEntry.objects.filter(actor_id=str(person.uid), action__in=SECRET_ACTIONS).order_by("-id")
    found: dict[tuple[str, str], SeenSecret] = {}
    for one in entries[:SECRETS_SHOWN]:
        seen = SeenSecret(one.action, one.subject_type, one.subject_id, dict(one.details), one.at)
        found.setdefault((one.subject_type, one.subject_id), seen)
    return list(found.values())


def item_settle(item: Item, *, choice: Choice, heir: User | None, actor: Actor, user: User, now: datetime) -> str:
    """Do with a thing what was chosen; KEEP does nothing.

    Returns:
        The new secret of an API client that was rotated; else nothing.
    """
    if item.kind == Left.API_CLIENT:
        return _client_settle(item, choice, heir, actor, now)
    if item.kind in (Left.DEPLOYMENT_KEY, Left.INSTALL_LINK):
        _key_settle(item, choice, heir, actor, user, now)
    elif choice == Choice.END and item.kind == Left.GROUP_TASK:
        task_cancel(actor=actor, task=ClientTask.objects.get(uid=item.uid), now=now)
    elif choice == Choice.END:
        invitation_revoke(actor=actor, invitation=Invitation.objects.get(uid=item.uid), now=now)
    return ""


def _clients(person: User) -> Iterator[Item]:
    choices = (Choice.KEEP, Choice.ROTATE, Choice.HAND_OVER, Choice.END)
    mine = ApiToken.objects.filter(made_by=person, revoked_at__isnull=True).order_by("id")
    for one in mine.prefetch_related("account__grants__group"):
        places = ", ".join(grant.group.name for grant in one.account.grants.all())
        yield Item(Left.API_CLIENT, one.uid, one.name, places, choices, one.created_at)


def _keys(person: User) -> Iterator[Item]:
    mine = EnrollmentToken.objects.filter(created_by=person, revoked_at__isnull=True).select_related("group")
    for one in mine.order_by("id"):
        is_key = one.kind == TokenKind.DEPLOYMENT_KEY
        kind = Left.DEPLOYMENT_KEY if is_key else Left.INSTALL_LINK
        choices = (
            (Choice.KEEP, Choice.ROTATE, Choice.HAND_OVER, Choice.END) if is_key and one.expires_at is None
            else (Choice.END, Choice.KEEP, Choice.HAND_OVER)
        )  # fmt: skip
        yield Item(kind, one.uid, f"…{one.hint}", one.group.name, choices, one.created_at)


def _tasks(person: User) -> Iterator[Item]:
    """Tasks that stand on groups, by the audit log: a task itself keeps only a name."""
    made = AuditEntry.objects.filter(actor_id=str(person.uid), action="task:create").order_by("-id")
    uids = [UUID(one) for one in made.values_list("subject_id", flat=True)[:MADE_READ]]
    standing = ClientTask.objects.filter(uid__in=uids, group__isnull=False, ended_at__isnull=True)
    for one in standing.select_related("group").order_by("id"):
        place = one.group.name if one.group else ""
        yield Item(Left.GROUP_TASK, one.uid, one.kind, place, (Choice.KEEP, Choice.END), one.created_at)


def _invitations(person: User) -> Iterator[Item]:
    mine = Invitation.objects.filter(invited_by=person, state=InvitationState.INVITED).select_related("group")
    for one in mine.order_by("id"):
        choices = (Choice.KEEP, Choice.END)
        yield Item(Left.INVITATION, one.uid, one.email, one.group.name, choices, one.invited_at)


def _client_settle(item: Item, choice: Choice, heir: User | None, actor: Actor, now: datetime) -> str:
    token = ApiToken.objects.select_related("account").get(uid=item.uid)
    if choice == Choice.ROTATE:
        return client_rotate(token=token, actor=actor, now=now)
    if choice == Choice.HAND_OVER:
        ApiToken.objects.filter(pk=token.pk).update(made_by=heir)
    elif choice == Choice.END:
        client_revoke(token=token, actor=actor, now=now)
    return ""


def _key_settle(item: Item, choice: Choice, heir: User | None, actor: Actor, user: User, now: datetime) -> None:
    token = EnrollmentToken.objects.select_related("group").get(uid=item.uid)
    if choice == Choice.ROTATE:
        deployment_key_rotate(actor=actor, user=user, token=token, now=now)
    elif choice == Choice.HAND_OVER:
        EnrollmentToken.objects.filter(pk=token.pk).update(created_by=heir)
    elif choice == Choice.END:
        token_revoke(actor=actor, token=token, now=now)
