"""How people sign in at this console: the rule for all, their sessions, and locking somebody out."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import InvalidError
from seatkeep_webkit.guarding import SignInPolicy
from seatkeep_webkit.sessions import session_end, sessions_of

from seatkeep_manager.directory.models import User
from seatkeep_manager.rights.models import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES, SignInRule
from seatkeep_manager.rights.selectors import sign_in_rule


def sign_in_policy(user: User) -> SignInPolicy:
    """What holds for a person; the second factor of who comes by Licensing is asked for there."""
    rule = sign_in_rule()
    if rule is None:
        return SignInPolicy()
    return SignInPolicy(
        requires_second_factor=rule.requires_second_factor and user.hub_sub is None,
        idle=timedelta(minutes=rule.idle_minutes) if rule.idle_minutes else None,
    )


@transaction.atomic
def sign_in_rule_set(
    *, actor: Actor, requires_second_factor: bool, idle_minutes: int | None, now: datetime
) -> SignInRule:
    """Set how people have to sign in; it holds from everybody's next click on. A no-op changes nothing.

    Args:
        actor: Who does it.
        requires_second_factor: A native user without one reaches only the page on which it is set up.
        idle_minutes: Minutes without a click after which a session ends, 5 to 1,440; None for never.
        now: Current time, aware UTC.

    Raises:
        InvalidError: The minutes are out of range.
    """
    if idle_minutes is not None and not MIN_IDLE_MINUTES <= idle_minutes <= MAX_IDLE_MINUTES:
        raise InvalidError(fields={"idle_minutes": [f"{MIN_IDLE_MINUTES} – {MAX_IDLE_MINUTES}"]})
    found = sign_in_rule()
    if found and (found.requires_second_factor, found.idle_minutes) == (requires_second_factor, idle_minutes):
        return found
    rule, _is_new = SignInRule.objects.update_or_create(
        id=1,
        defaults={
            "requires_second_factor": requires_second_factor, "idle_minutes": idle_minutes, "changed_at": now,
        },
    )  # fmt: skip
    audit_record(
        actor=actor, action="sign-in-rule:set", subject_type="instance", subject_id="console", now=now,
        details={"requires_second_factor": requires_second_factor, "idle_minutes": idle_minutes},
    )  # fmt: skip
    return rule


@transaction.atomic
def sessions_end(*, actor: Actor, person: User, now: datetime, only: UserSession | None = None) -> int:
    """End one or all sessions of a person, at once; returns how many."""
    chosen = [only] if only is not None else sessions_of(person)
    for session in chosen:
        session_end(session)
    if chosen:
        audit_record(
            actor=actor, action="session:end", subject_type="person", subject_id=person.uid,
            details={"email": person.email, "sessions": len(chosen)}, now=now,
        )  # fmt: skip
    return len(chosen)
