"""What people do with problems, one or many at once: seen, snooze, assign, note, open again; and take it back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.dateparse import parse_datetime
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import Subject, audit_record_many

from seatkeep_manager.directory.models import User
from seatkeep_manager.problems import rules
from seatkeep_manager.problems.enums import ProblemState, ProblemVerb
from seatkeep_manager.problems.errors import (
    ProblemActNotFoundError,
    ProblemNotFoundError,
    ProblemResolvedError,
    SnoozeInvalidError,
)
from seatkeep_manager.problems.models import Problem, ProblemEvent

NOTE_LIMIT = 2000
AT_ONCE = 5_000
AUDITED_EACH = 50
"""Up to so many problems of one act each have an entry of their own in the journal; above, one per customer."""
_CHANGEABLE = ("state", "snoozed_until", "assignee_id", "note")
_AUDIT = {
    ProblemVerb.ACKNOWLEDGED: "problem:acknowledge",
    ProblemVerb.SNOOZED: "problem:snooze",
    ProblemVerb.REOPENED: "problem:reopen",
    ProblemVerb.ASSIGNED: "problem:assign",
    ProblemVerb.NOTED: "problem:note",
    ProblemVerb.FIXED: "problem:fix",
    ProblemVerb.UNDONE: "problem:undo",
}


def problems_acknowledge(*, actor: Actor, user: User | None, problem_ids: Collection[int], now: datetime) -> UUID:
    """Say that somebody looks after problems: the person, where there is one.

    Returns:
        The act, by which it can be taken back (see `act_undo`).

    Raises:
        ProblemResolvedError, ProblemNotFoundError: None of them is there any more.
    """
    changes: dict[str, Any] = {"state": ProblemState.ACKNOWLEDGED, "snoozed_until": None}
    changes |= {"assignee_id": user.pk} if user and not user.is_program else {}
    return _act(actor, user, problem_ids, ProblemVerb.ACKNOWLEDGED, changes, {}, now)


def problems_snooze(
    *, actor: Actor, user: User | None, problem_ids: Collection[int], until: datetime, now: datetime
) -> UUID:
    """Put problems out of sight until an instant; they still close by themselves, and wake when they become urgent.

    Raises:
        SnoozeInvalidError: It does not end in the future, within a year.
        ProblemResolvedError, ProblemNotFoundError: As in `problems_acknowledge`.
    """
    if not rules.snooze_is_valid(until=until, now=now):
        raise SnoozeInvalidError(fields={"until": [str(SnoozeInvalidError.message)]})
    changes = {"state": ProblemState.SNOOZED, "snoozed_until": until}
    return _act(actor, user, problem_ids, ProblemVerb.SNOOZED, changes, {"until": until.isoformat()}, now)


def problems_reopen(*, actor: Actor, user: User | None, problem_ids: Collection[int], now: datetime) -> UUID:
    """Put seen and snoozed problems back among the open ones.

    Raises:
        ProblemResolvedError, ProblemNotFoundError: As in `problems_acknowledge`.
    """
    changes = {"state": ProblemState.OPEN, "snoozed_until": None}
    return _act(actor, user, problem_ids, ProblemVerb.REOPENED, changes, {}, now)


def problems_assign(
    *, actor: Actor, user: User | None, problem_ids: Collection[int], assignee: User | None, now: datetime
) -> UUID:
    """Give problems to a person, or to nobody.

    Raises:
        ProblemResolvedError, ProblemNotFoundError: As in `problems_acknowledge`.
    """
    details = {"assignee": str(assignee) if assignee else ""}
    changes = {"assignee_id": assignee.pk if assignee else None}
    return _act(actor, user, problem_ids, ProblemVerb.ASSIGNED, changes, details, now)


def problems_note(*, actor: Actor, user: User | None, problem_ids: Collection[int], note: str, now: datetime) -> UUID:
    """Leave a note (at most 2,000 characters are kept); the former one stays in the history.

    Raises:
        ProblemResolvedError, ProblemNotFoundError: As in `problems_acknowledge`.
    """
    text = note.replace("\0", "")[:NOTE_LIMIT]
    return _act(actor, user, problem_ids, ProblemVerb.NOTED, {"note": text}, {"note": text}, now)


def problems_fixed(*, actor: Actor, user: User | None, problem_ids: Collection[int], fix: str, now: datetime) -> UUID:
    """Leave word that a fix was ordered for problems.

    Raises:
        ProblemResolvedError, ProblemNotFoundError: As in `problems_acknowledge`.
    """
    return _act(actor, user, problem_ids, ProblemVerb.FIXED, {}, {"fix": fix}, now)


@transaction.atomic
def act_undo(*, actor: Actor, user: User, act: UUID, now: datetime) -> int:
    """Take an own act back where the problem is still there and nobody has done anything with it since.

    Returns:
        How many problems are as before.

    Raises:
        ProblemActNotFoundError: It is none of this person's acts, or nothing of it is left to take back.
    """
    events = {
        event.problem_id: event
        for event in ProblemEvent.objects.filter(act=act, user=user, former__isnull=False).exclude(
            verb=ProblemVerb.UNDONE
        )
    }
    rows = _lock(list(events))
    later = ProblemEvent.objects.filter(problem__in=rows, act__isnull=False, id__gt=min(
        (event.pk for event in events.values()), default=0)).exclude(act=act)  # fmt: skip
    touched = set(later.values_list("problem_id", flat=True))
    rows = [row for row in rows if row.pk not in touched]
    if not rows:
        raise ProblemActNotFoundError
    for row in rows:
        _restore(row, events[row.pk].former or {})
    Problem.objects.bulk_update(rows, _CHANGEABLE, batch_size=1000)
    _record(actor, user, rows, ProblemVerb.UNDONE, {"of": events[rows[0].pk].verb}, uuid4(), {}, now)
    return len(rows)


@transaction.atomic
def _act(
    actor: Actor,
    user: User | None,
    problem_ids: Collection[int],
    verb: ProblemVerb,
    changes: Mapping[str, Any],
    details: Mapping[str, Any],
    now: datetime,
) -> UUID:
    rows = _lock(problem_ids)
    if not rows:
        raise ProblemResolvedError if Problem.objects.filter(pk__in=problem_ids).exists() else ProblemNotFoundError
    former = {row.pk: {name: _plain(getattr(row, name)) for name in changes} for row in rows}
    if changes:
        Problem.objects.filter(pk__in=former).update(**changes)
    act = uuid4()
    _record(actor, user, rows, verb, details, act, former, now)
    return act


def _lock(problem_ids: Collection[int]) -> list[Problem]:
    rows = Problem.objects.select_for_update(of=("self",)).filter(pk__in=problem_ids)
    return list(rows.exclude(state=ProblemState.RESOLVED).order_by("pk"))


def _record(
    actor: Actor,
    user: User | None,
    rows: list[Problem],
    verb: ProblemVerb,
    details: Mapping[str, Any],
    act: UUID,
    former: Mapping[int, Mapping[str, Any]],
    now: datetime,
) -> None:
    ProblemEvent.objects.bulk_create(
        [
            ProblemEvent(
                problem=row, verb=verb, at=now, actor=actor.label, user=user, details=dict(details), act=act,
                former=former.get(row.pk),
            )
            for row in rows
        ],
        batch_size=1000,
    )  # fmt: skip
    audit_record_many(
        actor=actor, action=_AUDIT[verb], subject_type="problem", subjects=_subjects(rows), now=now
    )  # fmt: skip


def _subjects(rows: list[Problem]) -> list[Subject]:
    if len(rows) <= AUDITED_EACH:
        return [Subject(str(row.uid), row.company_hub_id, {"kind": row.kind}) for row in rows]
    first: dict[UUID | None, Problem] = {}
    counts: dict[UUID | None, int] = {}
    for row in rows:
        first.setdefault(row.company_hub_id, row)
        counts[row.company_hub_id] = counts.get(row.company_hub_id, 0) + 1
    return [
        Subject(str(row.uid), company, {"kind": row.kind, "problems": counts[company]})
        for company, row in first.items()
    ]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _restore(row: Problem, former: Mapping[str, Any]) -> None:
    for name, value in former.items():
        setattr(row, name, parse_datetime(value) if name == "snoozed_until" and value else value)
