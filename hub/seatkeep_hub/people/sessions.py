"""Sessions of people: where somebody is signed in, and ending that."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.sessions import session_end, sessions_of

from seatkeep_hub.companies.models import User
from seatkeep_hub.people.errors import SessionUnknownError


def session_get(user: User, number: int) -> UserSession:
    """One running session of a person.

    Raises:
        SessionUnknownError: There is none with this number, or it is another person's.
    """
    found = next((one for one in sessions_of(user) if one.pk == number), None)
    if found is None:
        raise SessionUnknownError
    return found


@transaction.atomic
def sessions_end(
    *, actor: Actor, user: User, now: datetime, only: UserSession | None = None, keep_key: str | None = None
) -> int:
    """End one or all sessions of a person, at once; with all of them those in consoles, within a minute.

    Args:
        actor: Who does it.
        user: Whose sessions.
        now: Current time, aware UTC.
        only: Just this one.
        keep_key: A session that goes on, such as the own one.

    Returns:
        How many ended.
    """
    chosen = [only] if only is not None else [one for one in sessions_of(user) if one.session_key != keep_key]
    for session in chosen:
        session_end(session)
    if only is None:
        # Consoles end theirs, too; which of them came from which session here nobody knows.
        User.objects.filter(pk=user.pk).update(sessions_ended_at=now)
    if chosen:
        audit_record(
            actor=actor,
            action="session:end",
            subject_type="user",
            subject_id=str(user.uid),
            company_uid=user.company.uid,
            details={"email": user.email, "sessions": len(chosen)},
            now=now,
        )
    return len(chosen)
