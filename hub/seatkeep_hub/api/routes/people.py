"""`/users`, `/invitations`: people, their sessions, and what happens when they leave."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.impersonation import refuse_while_impersonating
from seatkeep_webkit.paging import Page, paginate
from seatkeep_webkit.sessions import browser_words, sessions_of

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.schemas import InvitationOut, InvitedOut, InviteIn, Limit, PageOut, UserOut
from seatkeep_hub.companies.access import setting_of
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.errors import GrantError
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.people import user_update
from seatkeep_hub.companies.selectors import company_get, user_get, users_of
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.invitations import PersonInvited, invitation_create, invitation_resend, invitation_revoke
from seatkeep_hub.msp.models import Invitation
from seatkeep_hub.msp.selectors import invitation_get, invitation_list
from seatkeep_hub.people.enums import Choice
from seatkeep_hub.people.granting import invite_check, manageable
from seatkeep_hub.people.leaving import Decision, user_leave
from seatkeep_hub.people.left_items import items_of, secrets_seen
from seatkeep_hub.people.sessions import session_get, sessions_end

router = Router(tags=["People"])


class UserPatch(Schema):
    """What to change; what is left out stays."""

    name: Annotated[str, Field(max_length=120)] | None = None
    is_contact: bool | None = None
    may_use_api: bool | None = None


class SessionOut(Schema):
    """Where a person is signed in."""

    id: int
    browser: str
    ip: str
    begun_at: datetime
    last_seen_at: datetime

    @staticmethod
    def resolve_browser(row: Any) -> str:
        """The browser and its system, as far as it tells."""
        return browser_words(row.user_agent)

    @staticmethod
    def resolve_begun_at(row: Any) -> datetime:
        """When they signed in."""
        found: datetime = row.created_at
        return found


class LeftItemOut(Schema):
    """One thing that somebody who leaves made or holds; the first choice is what happens by itself."""

    id: UUID
    kind: str
    name: str
    company_id: UUID
    choices: list[str]
    since: datetime


class SeenSecretOut(Schema):
    """A secret that the person has seen."""

    action: str
    subject_type: str
    subject_id: str
    at: datetime


class LeavingOut(Schema):
    """What has to be decided when a person leaves."""

    items: list[LeftItemOut]
    secrets_seen: list[SeenSecretOut]


class DecisionIn(Schema):
    """What becomes of one thing; `heir_id` with HAND_OVER only."""

    id: UUID
    choice: Choice
    heir_id: UUID | None = None


class LeaveIn(Schema):
    """Decisions; what is not named goes the way that it offers first."""

    decisions: Annotated[tuple[DecisionIn, ...], Field(max_length=1000)] = ()


class LeftOut(Schema):
    """What ended, what became of each thing, and new secrets, which are shown only now."""

    ended: dict[str, int]
    items: list[dict[str, str]]
    new_secrets: list[dict[str, str]]


@router.get("/users", response=PageOut[UserOut], summary="List people")
def user_index(
    request: HttpRequest, q: str = "", company_id: UUID | None = None, cursor: str | None = None, limit: Limit = 100
) -> Page[User]:
    """People of the companies that you may see; every word of `q` in the name or the address."""
    viewer = viewer_of(request)
    found = users_of(viewer, text=q[:100])
    if company_id:
        found = found.filter(company=company_get(viewer, company_id))
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.get("/users/{user_id}", response=UserOut, summary="Show a person")
def user_show(request: HttpRequest, user_id: UUID) -> User:
    """One person."""
    return user_get(viewer_of(request), user_id)


@router.patch("/users/{user_id}", response=UserOut, summary="Change a person")
def user_change(request: HttpRequest, user_id: UUID, body: UserPatch) -> User:
    """Change the name and the switches of a person whom you manage."""
    person = _managed(request, user_id)
    return user_update(actor=actor_from_request(request), user=person, now=read_clock(), **body.dict())


@router.get("/users/{user_id}/sessions", response=list[SessionOut], summary="List a person's sessions")
def session_index(request: HttpRequest, user_id: UUID) -> list[UserSession]:
    """Where a person whom you manage is signed in, the last seen first."""
    return sessions_of(_managed(request, user_id))


@router.delete("/users/{user_id}/sessions", response={204: None}, summary="Sign a person out everywhere")
def session_drop_all(request: HttpRequest, user_id: UUID) -> Status[None]:
    """End all sessions of a person whom you manage."""
    sessions_end(actor=actor_from_request(request), user=_managed(request, user_id), now=read_clock())
    return Status(204, None)


@router.delete("/users/{user_id}/sessions/{session_id}", response={204: None}, summary="End a session")
def session_drop(request: HttpRequest, user_id: UUID, session_id: Annotated[int, Field(ge=0)]) -> Status[None]:
    """End one session of a person whom you manage."""
    person = _managed(request, user_id)
    only = session_get(person, session_id)
    sessions_end(actor=actor_from_request(request), user=person, only=only, now=read_clock())
    return Status(204, None)


@router.get("/users/{user_id}/leaving", response=LeavingOut, summary="Show what a person would leave behind")
def user_leaving(request: HttpRequest, user_id: UUID) -> dict[str, object]:
    """What the person made or holds, and which secrets they have seen."""
    person = _managed(request, user_id)
    items = [
        {
            "id": one.uid,
            "kind": one.kind,
            "name": one.name,
            "company_id": one.company.uid,
            "choices": one.choices,
            "since": one.since,
        }
        for one in items_of(person)
    ]
    return {"items": items, "secrets_seen": secrets_seen(person)}


@router.post("/users/{user_id}/leave", response=LeftOut, summary="Let a person leave")
@idempotent
@refuse_while_impersonating
def user_go(request: HttpRequest, user_id: UUID, body: LeaveIn) -> dict[str, object]:
    """End everything that is the person's alone, and settle what they made. The last owner of a company stays."""
    viewer = viewer_of(request)
    person = _managed(request, user_id)
    decisions = {
        one.id: Decision(one.choice, user_get(viewer, one.heir_id) if one.heir_id else None) for one in body.decisions
    }
    done = user_leave(actor=actor_from_request(request), user=person, decisions=decisions, now=read_clock())
    secrets = [{"name": name, "secret": secret} for name, secret in done.secrets]
    return {"ended": done.departure.ended, "items": done.departure.items, "new_secrets": secrets}


@router.get("/invitations", response=PageOut[InvitationOut], summary="List open invitations")
def invitation_index(request: HttpRequest, cursor: str | None = None, limit: Limit = 100) -> Page[Invitation]:
    """Open invitations into companies whose people you manage, ended ones too until they are withdrawn."""
    found = invitation_list(viewer_of(request)).prefetch_related("customers")
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/invitations", response={201: InvitedOut}, summary="Invite a person")
@idempotent
def invitation_new(request: HttpRequest, body: InviteIn) -> Status[dict[str, object]]:
    """Invite a person with at most what you hold yourself. The link to copy comes only now."""
    viewer = viewer_of(request)
    company = company_get(viewer, body.company_id, right=Right.PEOPLE)
    customers = [company_get(viewer, one) for one in body.customer_ids]
    fields = body.dict(include={"role", "level", "sees_prices"})
    if body.role is None and body.level is None:
        fields["level"] = AccessLevel.READ
    invite_check(viewer, company=company, wanted=setting_of(company.path, **fields).holding, customers=customers)
    invited = invitation_create(
        company=company,
        email=body.email,
        customers=customers,
        actor=actor_from_request(request),
        now=read_clock(),
        **fields,
    )
    return Status(201, _invited(invited))


@router.post("/invitations/{invitation_id}/resend", response={200: InvitedOut}, summary="Invite again")
@idempotent
def invitation_again(request: HttpRequest, invitation_id: UUID) -> dict[str, object]:
    """Make a new link, for another 14 days; the old one stops working. The link comes only now."""
    invitation = invitation_get(viewer_of(request), invitation_id)
    return _invited(invitation_resend(invitation=invitation, actor=actor_from_request(request), now=read_clock()))


@router.delete("/invitations/{invitation_id}", response={204: None}, summary="Withdraw an invitation")
def invitation_drop(request: HttpRequest, invitation_id: UUID) -> Status[None]:
    """The link stops working."""
    invitation = invitation_get(viewer_of(request), invitation_id)
    invitation_revoke(invitation=invitation, actor=actor_from_request(request), now=read_clock())
    return Status(204, None)


def _invited(invited: PersonInvited) -> dict[str, object]:
    link = f"{settings.LICENSING_URL}/invite/person/{invited.token}/"
    is_mailed = mail_send(
        to=invited.invitation.email,
        subject=_("Invitation to %(company)s") % {"company": invited.invitation.company.name},
        template="portal/mail/invitation",
        context={"invitation": invited.invitation, "link": link},
    )
    return {
        "id": invited.invitation.uid,
        "email": invited.invitation.email,
        "link": link,
        "is_mailed": is_mailed,
    }


def _managed(request: HttpRequest, uid: UUID) -> User:
    """A person whom the caller manages: has the right to, and holds at least as much as they do."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    company_get(viewer, person.company.uid, right=Right.PEOPLE)
    if not manageable(viewer, person):
        raise GrantError
    return person
