"""Reads of people and their rights; each starts from where the asker may look at users."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from seatkeep_webkit.sessions import sessions_of

from seatkeep_manager.directory.access import groups_within, holdings_of, may, may_everywhere, of_companies, within
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import PermissionGrant, PermissionSet, User, UserAccess
from seatkeep_manager.rights.enums import InvitationState
from seatkeep_manager.rights.errors import (
    ApiClientNotFoundError,
    GrantNotFoundError,
    InvitationNotFoundError,
    PermissionSetNotFoundError,
    SessionNotFoundError,
    UserNotFoundError,
)
from seatkeep_manager.rights.models import ApiToken, Departure, Invitation, SignInRule
from seatkeep_manager.rights.rules import may_manage

Viewer = User | AnonymousUser
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def users_visible(user: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[User]:
    """The people who hold something, or are at home, where the asker may look at users (READ) or manage them."""
    people = User.objects.filter(is_program=False).select_related("home_group")
    if may_everywhere(user, Functionality.USERS, level):
        return people
    if not may(user, Functionality.USERS, level):
        return people.none()
    groups = groups_within(user, Functionality.USERS, level)
    companies = of_companies(user, functionality=Functionality.USERS, level=level)
    granted = PermissionGrant.objects.filter(user=OuterRef("pk"), group__in=groups)
    told = UserAccess.objects.filter(companies, user=OuterRef("pk")).exclude(level="NONE")
    return people.filter(Exists(granted) | Exists(told) | Q(home_group__in=groups))


def user_get(user: Viewer, *, uid: UUID, level: AccessLevel = AccessLevel.READ) -> User:
    """One person.

    Raises:
        UserNotFoundError: There is none, or not in the asker's sight.
    """
    found = users_visible(user, level=level).filter(uid=uid).first()
    if found is None:
        raise UserNotFoundError
    return found


def native_exists() -> bool:
    """Whether anybody signs in at this console itself."""
    here = User.objects.filter(is_active=True, is_program=False, hub_sub__isnull=True)
    return here.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def manageable(user: Viewer, person: User) -> bool:
    """Whether the asker manages a person: everything that the person holds, also elsewhere, is theirs to give."""
    if not isinstance(user, User) or user == person or not may(user, Functionality.USERS, AccessLevel.WRITE):
        return False
    return may_manage(holdings_of(user), holdings_of(person) if person.is_active else ())


def grants_visible(user: Viewer, person: User) -> QuerySet[PermissionGrant]:
    """What a person was given here, as far as the asker may look at users there."""
    rows = person.grants.select_related("group", "permission_set").order_by("group__path", "id")
    return within(rows, user, functionality=Functionality.USERS, level=AccessLevel.READ)


def grant_get(user: Viewer, person: User, *, uid: UUID) -> PermissionGrant:
    """One thing that a person was given here.

    Raises:
        GrantNotFoundError: There is none, or not in the asker's sight.
    """
    found = grants_visible(user, person).filter(uid=uid).first()
    if found is None:
        raise GrantNotFoundError
    return found


def sets_visible(user: Viewer) -> QuerySet[PermissionSet]:
    """The own permission sets by name, each with `holder_count`; for who may look at users anywhere."""
    sets = PermissionSet.objects.annotate(holder_count=Count("grants__user", distinct=True)).order_by("name", "id")
    return sets if may(user, Functionality.USERS) else sets.none()


def set_get(user: Viewer, *, uid: UUID) -> PermissionSet:
    """One own permission set.

    Raises:
        PermissionSetNotFoundError: There is none, or the asker may not look at users.
    """
    found = sets_visible(user).filter(uid=uid).first()
    if found is None:
        raise PermissionSetNotFoundError
    return found


def invitations_visible(user: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Invitation]:
    """Open invitations to where the asker may look at users, or manage them, newest first."""
    rows = Invitation.objects.filter(state=InvitationState.INVITED).order_by("-id")
    rows = rows.select_related("group", "permission_set", "invited_by")
    return within(rows, user, functionality=Functionality.USERS, level=level)


def invitation_get(user: Viewer, *, uid: UUID) -> Invitation:
    """One open invitation that the asker may withdraw.

    Raises:
        InvitationNotFoundError: There is none, or not the asker's to withdraw.
    """
    found = invitations_visible(user, level=AccessLevel.WRITE).filter(uid=uid).first()
    if found is None:
        raise InvitationNotFoundError
    return found


def clients_visible(user: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[ApiToken]:
    """API clients that work and whose every place the asker may look at, or change, newest first."""
    clients = ApiToken.objects.filter(revoked_at__isnull=True).select_related("account", "made_by").order_by("-id")
    if may_everywhere(user, Functionality.API_CLIENTS, level):
        return clients
    groups = groups_within(user, Functionality.API_CLIENTS, level)
    elsewhere = PermissionGrant.objects.filter(user=OuterRef("account")).exclude(group__in=groups)
    here = PermissionGrant.objects.filter(user=OuterRef("account"), group__in=groups)
    return clients.filter(Exists(here), ~Exists(elsewhere))


def client_get(user: Viewer, *, uid: UUID, level: AccessLevel = AccessLevel.WRITE) -> ApiToken:
    """One API client.

    Raises:
        ApiClientNotFoundError: There is none, or not the asker's.
    """
    found = clients_visible(user, level=level).filter(uid=uid).first()
    if found is None:
        raise ApiClientNotFoundError
    return found


def sign_in_rule() -> SignInRule | None:
    """How people have to sign in here; None while nothing was set."""
    return SignInRule.objects.filter(id=1).first()


def departure_of(person: User) -> Departure | None:
    """How a person left; None while they are here."""
    return Departure.objects.filter(user=person).first()


def second_factor_holders(people: Iterable[User]) -> set[int]:
    """Keys of those among several people who have a second factor of this console."""
    found = Authenticator.objects.filter(user__in=list(people), type__in=SECOND_FACTORS)
    return set(found.values_list("user_id", flat=True))


def session_get(person: User, number: int) -> UserSession:
    """One running session of a person.

    Raises:
        SessionNotFoundError: There is none with this number, or it is another person's.
    """
    found = next((one for one in sessions_of(person) if one.pk == number), None)
    if found is None:
        raise SessionNotFoundError
    return found
