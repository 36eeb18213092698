"""Somebody leaves: one act ends what is theirs alone, and decides item by item about what they had made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.idp.oidc.models import Token as OidcToken
from allauth.mfa.models import Authenticator
from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.sessions import session_end, sessions_of

from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.people import owners_keep
from seatkeep_hub.people.enums import Choice
from seatkeep_hub.people.errors import LeaveChoiceError, LeaveSelfError, LeftAlreadyError
from seatkeep_hub.people.left_items import Item, item_settle, items_of
from seatkeep_hub.people.models import Departure


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
    """The departure, and the new secrets of what was rotated: shown once."""

    departure: Departure
    secrets: tuple[tuple[str, str], ...]


@transaction.atomic
def user_leave(*, actor: Actor, user: User, decisions: Mapping[UUID, Decision], now: datetime) -> LeaveDone:
    """End a person's sessions, passkeys, second factors, password, access and appointments, and settle what they made.

    What no decision names goes the way that it offers first. Either all of it happens or nothing.

    Args:
        actor: Who does it; whether they may is the caller's check.
        user: Who leaves.
        decisions: By the thing's id.
        now: Current time, aware UTC.

    Raises:
        LeaveSelfError: It is the actor.
        LeftAlreadyError: The person has left.
        LastOwnerError: The person is the last owner of a company.
        LeaveChoiceError: A thing does not offer that choice, is unknown, or its heir cannot take it.
    """
    if actor.id == str(user.uid):
        raise LeaveSelfError
    locked = User.objects.select_for_update(of=("self",)).select_related("company").get(pk=user.pk)
    if locked.left_at is not None:
        raise LeftAlreadyError
    owners_keep(user=locked, companies=Company.objects.filter(accesses__user=locked))
    settled, secrets = _items_settle(locked, decisions, actor, now)
    ended = _personal_end(locked, now)
    departure = Departure.objects.create(user=locked, by=actor.label, at=now, ended=ended, items=settled)
    audit_record(
        actor=actor,
        action="user:leave",
        subject_type="user",
        subject_id=str(locked.uid),
        company_uid=locked.company.uid,
        details={"email": locked.email, "items": len(settled), **ended},
        now=now,
    )
    return LeaveDone(departure, tuple(secrets))


def departure_of(user: User) -> Departure | None:
    """How a person left; None while they are here."""
    return Departure.objects.filter(user=user).first()


def _items_settle(
    user: User, decisions: Mapping[UUID, Decision], actor: Actor, now: datetime
) -> tuple[list[dict[str, str]], list[tuple[str, str]]]:
    items = items_of(user)
    if set(decisions) - {item.uid for item in items}:
        raise LeaveChoiceError
    settled, secrets = [], []
    for item in items:
        decision = decisions.get(item.uid) or Decision(item.choices[0])
        _decision_check(item, decision, user)
        secret = item_settle(item, choice=decision.choice, heir=decision.heir, actor=actor, now=now)
        if secret:
            secrets.append((item.name, secret))
        settled.append(_settled(item, decision))
    return settled, secrets


def _decision_check(item: Item, decision: Decision, user: User) -> None:
    is_heir_right = (decision.heir is not None) == (decision.choice == Choice.HAND_OVER)
    is_other = decision.heir is None or (decision.heir.is_active and decision.heir.pk != user.pk)
    if decision.choice not in item.choices or not is_heir_right or not is_other:
        raise LeaveChoiceError(fields={str(item.uid): [str(LeaveChoiceError.message)]})


def _settled(item: Item, decision: Decision) -> dict[str, str]:
    return {
        "kind": item.kind.value,
        "name": item.name,
        "company": item.company.name,
        "choice": decision.choice.value,
        "heir": str(decision.heir) if decision.heir else "",
    }


def _personal_end(user: User, now: datetime) -> dict[str, int]:
    running = sessions_of(user)
    for session in running:
        session_end(session)
    factors, _by_kind = Authenticator.objects.filter(user=user).delete()
    accesses, _by_kind = Access.objects.filter(user=user).delete()
    OidcToken.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.is_active, user.left_at, user.may_use_api, user.is_contact = False, now, False, False
    user.save(update_fields=["password", "is_active", "left_at", "may_use_api", "is_contact"])
    return {"sessions": len(running), "factors": factors, "accesses": accesses}
