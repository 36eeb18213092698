"""Somebody leaves: one act ends what is theirs alone, and decides thing by thing about what they had made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.sessions import session_end, sessions_of

from seatkeep_manager.directory.models import User, UserAccess
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.rights.enums import Choice
from seatkeep_manager.rights.errors import LeaveChoiceError, LeaveSelfError, LeftAlreadyError
from seatkeep_manager.rights.granting import owner_keep
from seatkeep_manager.rights.left_items import Item, item_settle, items_of
from seatkeep_manager.rights.models import Departure


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one thing.

    Attributes:
        choice: One of those that the thing offers.
        heir: Who takes it over; with HAND_OVER only.
    """

    choice: Choice
    heir: User | None = None


@dataclass(frozen=True, slots=True)
class LeaveDone:
    """The departure, and the new secrets of API clients that were rotated: name and secret, shown once."""

    departure: Departure
    secrets: tuple[tuple[str, str], ...]


@transaction.atomic
def user_leave(
    *, actor: Actor, user: User, person: User, decisions: Mapping[UUID, Decision], now: datetime
) -> LeaveDone:
    """End a person's sessions, password, second factors and rights here, and settle what they made.

    What no decision names goes the way that it offers first. Either all of it happens or nothing. Who comes by
    Licensing is not let in again, whatever Licensing says of them.

    Args:
        actor: Who does it; whether they may is the caller's check (`manageable`).
        user: The same person: new deployment keys are theirs.
        person: Who leaves.
        decisions: By the thing's id.
        now: Current time, aware UTC.

    Raises:
        LeaveSelfError: It is the actor.
        LeftAlreadyError: The person has left.
        LastOwnerError: The person is the last Owner.
        LeaveChoiceError: A thing does not offer that choice, is unknown, or nobody is named who takes it.
    """
    if person == user:
        raise LeaveSelfError
    locked = User.objects.select_for_update().get(pk=person.pk)
    if locked.left_at is not None:
        raise LeftAlreadyError
    owner_keep(without=locked)
    settled, secrets = _settle(locked, decisions, actor, user, now)
    ended = _personal_end(locked, now)
    departure = Departure.objects.create(user=locked, by=actor.label, at=now, ended=ended, items=settled)
    audit_record(
        actor=actor, action="person:leave", subject_type="person", subject_id=locked.uid, now=now,
        details={"email": locked.email, "items": len(settled), **ended},
    )  # fmt: skip
    return LeaveDone(departure, tuple(secrets))


def _settle(
    person: User, decisions: Mapping[UUID, Decision], actor: Actor, user: User, now: datetime
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    items = items_of(person)
    if set(decisions) - {item.uid for item in items}:
        raise LeaveChoiceError
    settled, secrets = [], []
    for item in items:
        decision = decisions.get(item.uid) or Decision(item.choices[0])
        _check(item, decision)
        made = item_settle(item, choice=decision.choice, heir=decision.heir, actor=actor, user=user, now=now)
        if made:
            secrets.append((item.name, made))
        settled.append({
            "kind": item.kind.value, "name": item.name, "place": item.place, "choice": decision.choice.value,
            "heir": str(decision.heir) if decision.heir else "",
        })  # fmt: skip
    return settled, secrets


def _check(item: Item, decision: Decision) -> None:
    needs_heir = decision.choice == Choice.HAND_OVER
    if decision.choice not in item.choices or needs_heir != (decision.heir is not None):
        raise LeaveChoiceError(fields={str(item.uid): [str(LeaveChoiceError.message)]})


def _personal_end(person: User, now: datetime) -> dict[str, int]:
    running = sessions_of(person)
    for session in running:
        session_end(session)
    factors, _by_kind = Authenticator.objects.filter(user=person).delete()
    grants, _by_kind = person.grants.all().delete()
    accesses, _by_kind = UserAccess.objects.filter(user=person).delete()
    Problem.objects.filter(assignee=person).update(assignee=None)
    person.set_unusable_password()
    person.is_active, person.left_at, person.home_group = False, now, None
    person.save(update_fields=["password", "is_active", "left_at", "home_group"])
    return {"sessions": len(running), "factors": factors, "rights": grants + accesses}
