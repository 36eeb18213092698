"""People, permission sets, sessions, invitations, leaving, sign-in rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import InvalidError, NotAllowedError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate
from seatkeep_webkit.roles import Role
from seatkeep_webkit.sessions import sessions_of

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.api.rights_schemas import (
    GrantOut,
    InvitationIn,
    InvitationMadeOut,
    InvitationOut,
    LeaveIn,
    LeaveOut,
    LeftItemOut,
    PermissionSetIn,
    PermissionSetOut,
    RoleOut,
    SessionOut,
    SignInRuleIn,
    UserIn,
    UserOut,
    WhatIn,
    WhyOut,
)
from seatkeep_manager.api.schemas import PageOut
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import AccessLevel, Functionality, GroupKind
from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, StaticGroup, User
from seatkeep_manager.directory.rights import ROLE_LEVELS
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.rights.errors import GrantTooMuchError
from seatkeep_manager.rights.explaining import Explanation, explain
from seatkeep_manager.rights.granting import give_check, grant_give, grant_take, set_create, set_delete, set_update
from seatkeep_manager.rights.inviting import invitation_create, invitation_link, invitation_revoke
from seatkeep_manager.rights.leaving import Decision, user_leave
from seatkeep_manager.rights.left_items import Item, items_of
from seatkeep_manager.rights.models import Invitation, SignInRule
from seatkeep_manager.rights.people import home_set
from seatkeep_manager.rights.selectors import (
    grant_get,
    grants_visible,
    invitation_get,
    invitations_visible,
    manageable,
    session_get,
    set_get,
    sets_visible,
    sign_in_rule,
    user_get,
    users_visible,
)
from seatkeep_manager.rights.signing_in import sessions_end, sign_in_rule_set

router = Router(tags=["Rights"])


@router.get("/roles", response=list[RoleOut], summary="Ready-made roles")
def role_list(request: HttpRequest) -> list[dict[str, Any]]:
    """What each role may in the console; for who may look at users."""
    if not may(caller(request), Functionality.USERS):
        raise NotAllowedError
    return [{"role": role, "name": str(role.label), "levels": dict(levels)} for role, levels in ROLE_LEVELS.items()]


@router.get("/permission-sets", response=PageOut[PermissionSetOut], summary="Own permission sets")
def set_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[PermissionSet]:
    """Sets that were put together here, by name."""
    return paginate(sets_visible(caller(request)), order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/permission-sets", response={201: PermissionSetOut}, summary="Make a permission set")
@idempotent
def set_new(request: HttpRequest, body: PermissionSetIn) -> Status[PermissionSet]:
    """Put permissions together under a name; nothing beyond what the caller holds in the whole console."""
    made = set_create(
        actor=actor_from_request(request), user=caller(request), name=body.name, note=body.note,
        levels={str(about): str(level) for about, level in body.levels.items()}, now=clock_now(),
    )  # fmt: skip
    return Status(201, made)


@router.get("/permission-sets/{uuid:uid}", response=PermissionSetOut, summary="One permission set")
def set_read(request: HttpRequest, uid: UUID) -> PermissionSet:
    """One own set."""
    return set_get(caller(request), uid=uid)


@router.put("/permission-sets/{uuid:uid}", response=PermissionSetOut, summary="Change a permission set")
def set_change(request: HttpRequest, uid: UUID, body: PermissionSetIn) -> PermissionSet:
    """Change a set; it holds from the next call of everybody who has it."""
    return set_update(
        actor=actor_from_request(request), user=caller(request), permission_set=set_get(caller(request), uid=uid),
        name=body.name, note=body.note, levels={str(about): str(level) for about, level in body.levels.items()},
        now=clock_now(),
    )  # fmt: skip


@router.delete("/permission-sets/{uuid:uid}", response={204: None}, summary="Delete a permission set")
def set_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """Delete a set that nobody holds."""
    found = set_get(caller(request), uid=uid)
    set_delete(actor=actor_from_request(request), user=caller(request), permission_set=found, now=clock_now())
    return Status(204, None)


@router.get("/users", response=PageOut[UserOut], summary="People")
def user_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[User]:
    """People who hold something where the caller may look at users, by e-mail address."""
    return paginate(users_visible(caller(request)), order=("email", "id"), cursor=cursor, limit=limit)


@router.get("/users/{uuid:uid}", response=UserOut, summary="One person")
def user_read(request: HttpRequest, uid: UUID) -> User:
    """One person."""
    return user_get(caller(request), uid=uid)


@router.patch("/users/{uuid:uid}", response=UserOut, summary="Set a person's home group")
def user_change(request: HttpRequest, uid: UUID, body: UserIn) -> User:
    """Say where stands what the person makes, unless said otherwise."""
    person = _managed(request, uid)
    group = group_get(caller(request), uid=body.home_group) if body.home_group else None
    return home_set(actor=actor_from_request(request), person=person, group=group, now=clock_now())


@router.get("/users/{uuid:uid}/grants", response=list[GrantOut], summary="What a person was given here")
def grant_list(request: HttpRequest, uid: UUID) -> list[PermissionGrant]:
    """Roles and sets of this console; what Licensing says stands in `GET …/why`."""
    return list(grants_visible(caller(request), user_get(caller(request), uid=uid)))


@router.post("/users/{uuid:uid}/grants", response={201: GrantOut}, summary="Give a role or a set")
@idempotent
def grant_new(request: HttpRequest, uid: UUID, body: WhatIn) -> Status[PermissionGrant]:
    """Give a role or a set at a group and below; never more than the caller holds there. Idempotent."""
    person = user_get(caller(request), uid=uid)
    what = what_of(request, role=body.role, permission_set=body.permission_set, group=body.group)
    made = grant_give(actor=actor_from_request(request), user=caller(request), person=person, now=clock_now(), **what)
    return Status(201, made)


@router.delete("/users/{uuid:uid}/grants/{uuid:grant}", response={204: None}, summary="Take a role or a set away")
def grant_drop(request: HttpRequest, uid: UUID, grant: UUID) -> Status[None]:
    """Take away what was given here; the last Owner stays."""
    found = grant_get(caller(request), user_get(caller(request), uid=uid), uid=grant)
    grant_take(actor=actor_from_request(request), user=caller(request), grant=found, now=clock_now())
    return Status(204, None)


@router.get("/users/{uuid:uid}/why", response=WhyOut, summary="Why a person may do something")
def user_why(
    request: HttpRequest,
    uid: UUID,
    functionality: Functionality = Functionality.GROUPS,
    level: AccessLevel = AccessLevel.READ,
    group: UUID | None = None,
) -> Explanation:
    """Which role or set permits it, from which group; or what is missing. Without a group: in the whole console."""
    person = user_get(caller(request), uid=uid)
    return explain(person=person, group=_group(request, group), functionality=functionality, level=level)


@router.get("/users/{uuid:uid}/sessions", response=list[SessionOut], summary="Where a person is signed in")
def session_list(request: HttpRequest, uid: UUID) -> list[Any]:
    """Running sessions, the last used first."""
    return sessions_of(_managed(request, uid))


@router.delete("/users/{uuid:uid}/sessions", response={200: dict[str, int]}, summary="Sign a person out everywhere")
def session_end_all(request: HttpRequest, uid: UUID) -> dict[str, int]:
    """End all sessions of a person at once; tells how many."""
    person = _managed(request, uid)
    return {"ended": sessions_end(actor=actor_from_request(request), person=person, now=clock_now())}


@router.delete("/users/{uuid:uid}/sessions/{int:number}", response={204: None}, summary="End one session")
def session_end_one(request: HttpRequest, uid: UUID, number: int) -> Status[None]:
    """End one session of a person at once."""
    person = _managed(request, uid)
    only = session_get(person, number)
    sessions_end(actor=actor_from_request(request), person=person, only=only, now=clock_now())
    return Status(204, None)


@router.get("/users/{uuid:uid}/leave", response=list[LeftItemOut], summary="What a person has made")
def leave_read(request: HttpRequest, uid: UUID) -> list[Item]:
    """Everything that goes on without the person, with what can become of it."""
    return items_of(_managed(request, uid))


@router.post("/users/{uuid:uid}/leave", response=LeaveOut, summary="A person leaves")
def leave(request: HttpRequest, uid: UUID, body: LeaveIn) -> dict[str, Any]:
    """End sessions, password, second factors and rights, and settle what the person made, in one act."""
    person = _managed(request, uid)
    people = users_visible(caller(request)).filter(is_active=True)
    heirs = {one.uid: one for one in people.filter(uid__in=[d.heir for d in body.decisions if d.heir])}
    decisions = {one.uid: Decision(one.choice, heirs.get(one.heir) if one.heir else None) for one in body.decisions}
    left = user_leave(
        actor=actor_from_request(request), user=caller(request), person=person, decisions=decisions, now=clock_now()
    )
    return {"ended": left.departure.ended, "items": left.departure.items, "secrets": list(left.secrets)}


@router.get("/invitations", response=PageOut[InvitationOut], summary="Open invitations")
def invitation_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Invitation]:
    """Invitations that were not used or withdrawn."""
    return paginate(invitations_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/invitations", response={201: InvitationMadeOut}, summary="Invite somebody")
@idempotent
def invitation_new(request: HttpRequest, body: InvitationIn) -> Status[dict[str, Any]]:
    """Invite somebody who signs in at the console itself; the link works once, for 14 days."""
    user = caller(request)
    what = what_of(request, role=body.role, permission_set=body.permission_set, group=body.group)
    give_check(user, **what)
    invited = invitation_create(
        actor=actor_from_request(request), email=body.email, invited_by=user, now=clock_now(), **what,
        home_group=group_get(user, uid=body.home_group) if body.home_group else None,
    )  # fmt: skip
    return Status(201, {"uid": invited.invitation.uid, "link": invitation_link(invited.token)})


@router.delete("/invitations/{uuid:uid}", response={204: None}, summary="Withdraw an invitation")
def invitation_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """Withdraw an open invitation."""
    found = invitation_get(caller(request), uid=uid)
    invitation_revoke(actor=actor_from_request(request), invitation=found, now=clock_now())
    return Status(204, None)


@router.get("/sign-in-rule", response=SignInRuleIn, summary="How people have to sign in")
def rule_read(request: HttpRequest) -> SignInRule | dict[str, Any]:
    """The rule for everybody who signs in at this console."""
    require_admin(request, Functionality.USERS)
    return sign_in_rule() or {}


@router.put("/sign-in-rule", response=SignInRuleIn, summary="Set how people have to sign in")
def rule_set(request: HttpRequest, body: SignInRuleIn) -> SignInRule:
    """Set the rule; it holds from everybody's next click on."""
    require_admin(request, Functionality.USERS)
    return sign_in_rule_set(actor=actor_from_request(request), now=clock_now(), **body.dict())


def what_of(
    request: HttpRequest, *, role: Role | str | None, permission_set: UUID | None, group: UUID | None
) -> dict[str, Any]:
    """`group`, `role` and `permission_set` as the services take them.

    Raises:
        InvalidError: Not exactly one of role and set is named.
    """
    if (role is None) == (permission_set is None):
        raise InvalidError(fields={"role": ["Name a role or a permission set."]})
    found = set_get(caller(request), uid=permission_set) if permission_set else None
    return {"group": _group(request, group), "role": role or "", "permission_set": found}


def _group(request: HttpRequest, uid: UUID | None) -> StaticGroup:
    if uid is None:
        return StaticGroup.objects.get(kind=GroupKind.ROOT)
    return group_get(caller(request), uid=uid)


def _managed(request: HttpRequest, uid: UUID) -> User:
    """A person whom the caller manages.

    Raises:
        UserNotFoundError: Not in the caller's sight.
        GrantTooMuchError: In sight, and not the caller's to manage.
    """
    person = user_get(caller(request), uid=uid)
    if not manageable(caller(request), person):
        raise GrantTooMuchError
    return person
