"""People who are signed in here by Licensing: what they may is asked again, and who may no more is signed out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec
from allauth.usersessions.models import UserSession
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.sessions import session_end, sessions_of

from seatkeep_manager.directory.errors import PersonWithoutAccessError
from seatkeep_manager.directory.models import User, UserAccess
from seatkeep_manager.directory.people import access_parse, person_from_claims
from seatkeep_manager.hublink.adapters.hub import HubClient, PersonClaims
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.errors import HubRefusedError
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.hublink.services import hub_client

AT_ONCE = 500
NOT_FOUND = 404


def people_check(*, now: datetime) -> int:
    """Ask Licensing about everybody who is signed in here by it, and follow its answer. Idempotent.

    Access is as it would be after a new sign-in. Who left Licensing, has no access any more, or whose sessions were
    ended there, is signed out here. While Licensing does not answer, everything stays.

    Args:
        now: Current time, aware UTC.

    Returns:
        How many sessions ended.

    Raises:
        HubUnreachableError: Licensing does not answer.
    """
    link = link_get()
    people = list(User.objects.filter(hub_sub__isnull=False, usersession__isnull=False).distinct().order_by("pk"))
    if link.state != LinkState.LINKED or not people:
        return 0
    client = hub_client(now=now)
    try:
        parts = [people[at : at + AT_ONCE] for at in range(0, len(people), AT_ONCE)]
        return sum(_check(client, part, link.company_id, now) for part in parts)
    finally:
        client.close()


def _check(client: HubClient, people: Sequence[User], company: uuid.UUID | None, now: datetime) -> int:
    try:
        found = {str(one.sub): one for one in client.people([str(one.hub_sub) for one in people])}
    except HubRefusedError as error:
        if error.extra.get("hub_status") == NOT_FOUND:
            return 0  # A hub of before this call: sessions end by themselves, as they did.
        raise
    return sum(_follow(person, found.get(str(person.hub_sub)), company, now) for person in people)


def _follow(person: User, claims: PersonClaims | None, company: uuid.UUID | None, now: datetime) -> int:
    running = sessions_of(person)
    if claims is None or not _may_stay(person, claims, company, now):
        return _end(person, running, now)
    since = claims.sessions_from
    return _end(person, [one for one in running if since is not None and one.created_at <= since], now)


def _may_stay(person: User, claims: PersonClaims, company: uuid.UUID | None, now: datetime) -> bool:
    if _is_known(person, claims, company):
        return True
    try:
        person_from_claims(claims=msgspec.to_builtins(claims), linked_company=company, now=now)
    except PersonWithoutAccessError:
        return False
    return True


def _is_known(person: User, claims: PersonClaims, company: uuid.UUID | None) -> bool:
    """Whether nothing is new since the last look or sign-in, so that nothing has to be written."""
    told = access_parse(claims.seatkeep_access)
    wanted = {(None if one == company else one, level, role) for one, (level, role) in told.items()}
    held = UserAccess.objects.filter(user=person).values_list("company_hub_id", "level", "role")
    is_same = (person.email, person.name) == (claims.email.lower(), claims.name[:120]) and set(held) == wanted
    return is_same and bool(wanted) and person.is_active and person.left_at is None


def _end(person: User, sessions: Sequence[UserSession], now: datetime) -> int:
    for session in sessions:
        session_end(session)
    if sessions:
        audit_record(
            actor=Actor.system("hublink"),
            action="session:end",
            subject_type="person",
            subject_id=str(person.uid),
            company_uid=None,
            details={"email": person.email, "sessions": len(sessions)},
            now=now,
        )
    return len(sessions)
