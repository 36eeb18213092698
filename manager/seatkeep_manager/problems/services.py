"""Problems open and close by themselves here; people only acknowledge, snooze, assign and note."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.enrollment.enums import RequestState
from seatkeep_manager.enrollment.models import EnrollmentRequest
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.problems import rules
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemKind, ProblemSeverity, ProblemState
from seatkeep_manager.problems.errors import ProblemNotFoundError, ProblemResolvedError
from seatkeep_manager.problems.facts import device_facts
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.rules import DEVICE_KINDS, Finding

DEVICES_AT_ONCE = 500


@dataclass(frozen=True)
class _Subject:
    """What a problem is about."""

    key: str
    device_id: int | None
    company_hub_id: UUID | None


@transaction.atomic
def devices_evaluate(*, device_ids: Collection[int], now: datetime) -> None:
    """Open and close the problems of devices by what is known of them now. Idempotent; a retired device has none."""
    # The row locks let two evaluations of one device take turns.
    rows = Device.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=device_ids)
    devices = list(rows.select_related("group").order_by("pk"))
    active = [device for device in devices if device.state == DeviceState.ACTIVE]
    facts = device_facts(active, now=now)
    findings: dict[_Subject, list[Finding]] = {}
    for device in devices:
        subject = _Subject(f"device:{device.uid}", device.pk, device.company_hub_id)
        known = facts.get(device.pk)
        findings[subject] = rules.device_findings(known, now=now) if known else []
    _settle(findings, DEVICE_KINDS, now)


@transaction.atomic
def instance_evaluate(*, now: datetime) -> None:
    """Open and close what is not about one device: devices that wait for approval, a broken link. Idempotent."""
    waiting = ProblemKind.WAITING_FOR_APPROVAL
    found: dict[_Subject, list[Finding]] = {}
    for request in EnrollmentRequest.objects.filter(state=RequestState.WAITING):
        subject = _Subject(f"request:{request.uid}", None, request.company_hub_id)
        details: dict[str, object] = {
            "hostname": request.hostname,
            "reason": request.reason,
            "request": str(request.uid),
        }
        found[subject] = [Finding(waiting, ProblemSeverity.AMBER, details)]
    _resolve_others(waiting, {subject.key for subject in found}, now)
    _settle(found, (waiting,), now)
    since = link_get().disconnected_since
    is_broken = since is not None and now - since >= rules.LINK_BROKEN_AFTER
    broken = [Finding(ProblemKind.LINK_BROKEN, ProblemSeverity.RED)] if is_broken else []
    _settle({_Subject("instance", None, None): broken}, (ProblemKind.LINK_BROKEN,), now)


@transaction.atomic
def snoozes_end(*, now: datetime) -> int:
    """Bring back the problems whose snooze is over; returns how many."""
    over = Problem.objects.filter(state=ProblemState.SNOOZED, snoozed_until__lte=now)
    return over.update(state=ProblemState.OPEN, snoozed_until=None)


def devices_evaluate_all(*, now: datetime) -> int:
    """Evaluate every managed device, for what changes by time alone; returns how many. Each page commits."""
    after = done = 0
    while ids := list(
        Device.objects.filter(pk__gt=after, state=DeviceState.ACTIVE)
        .order_by("pk")
        .values_list("pk", flat=True)[:DEVICES_AT_ONCE]
    ):
        devices_evaluate(device_ids=ids, now=now)
        after, done = ids[-1], done + len(ids)
    return done


@transaction.atomic
def problem_acknowledge(*, actor: Actor, problem_id: int, now: datetime) -> Problem:
    """Say that a person has seen it.

    Raises:
        ProblemNotFoundError, ProblemResolvedError: There is none (any more).
    """
    problem = _lock(problem_id)
    problem.state, problem.snoozed_until = ProblemState.ACKNOWLEDGED, None
    return _save(actor, "problem:acknowledge", problem, now)


@transaction.atomic
def problem_snooze(*, actor: Actor, problem_id: int, until: datetime, now: datetime) -> Problem:
    """Hide it until an instant; it still closes by itself before.

    Raises:
        ProblemNotFoundError, ProblemResolvedError: There is none (any more).
    """
    problem = _lock(problem_id)
    problem.state, problem.snoozed_until = ProblemState.SNOOZED, until
    return _save(actor, "problem:snooze", problem, now)


@transaction.atomic
def problem_assign(*, actor: Actor, problem_id: int, assignee: User | None, now: datetime) -> Problem:
    """Give it to a person, or to nobody.

    Raises:
        ProblemNotFoundError, ProblemResolvedError: There is none (any more).
    """
    problem = _lock(problem_id)
    problem.assignee = assignee
    return _save(actor, "problem:assign", problem, now)


@transaction.atomic
def problem_note(*, actor: Actor, problem_id: int, note: str, now: datetime) -> Problem:
    """Write a note (at most 2,000 characters are kept).

    Raises:
        ProblemNotFoundError, ProblemResolvedError: There is none (any more).
    """
    problem = _lock(problem_id)
    problem.note = note[:2000]
    return _save(actor, "problem:note", problem, now)


def _settle(found: Mapping[_Subject, list[Finding]], kinds: Collection[ProblemKind], now: datetime) -> None:
    """Make the unresolved problems of these subjects and kinds equal to the findings."""
    subjects = {subject.key: subject for subject in found}
    rows = Problem.objects.select_for_update().filter(subject__in=subjects, kind__in=kinds, state__in=UNRESOLVED)
    existing = {(row.subject, row.kind): row for row in rows.order_by("pk")}
    wanted = {(subject.key, str(finding.kind)): finding for subject, each in found.items() for finding in each}
    gone = [row.pk for key, row in existing.items() if key not in wanted]
    Problem.objects.filter(pk__in=gone).update(state=ProblemState.RESOLVED, resolved_at=now, snoozed_until=None)
    _insert([(subjects[key[0]], finding) for key, finding in wanted.items() if key not in existing], now)
    _update([(existing[key], finding, subjects[key[0]]) for key, finding in wanted.items() if key in existing])


def _insert(new: list[tuple[_Subject, Finding]], now: datetime) -> None:
    rows = [
        Problem(
            kind=finding.kind,
            severity=finding.severity,
            subject=subject.key,
            device_id=subject.device_id,
            company_hub_id=subject.company_hub_id,
            details=finding.details,
            since=now,
        )
        for subject, finding in new
    ]
    Problem.objects.bulk_create(rows, ignore_conflicts=True)


def _update(known: list[tuple[Problem, Finding, _Subject]]) -> None:
    changed = []
    for row, finding, subject in known:
        facts = (finding.severity, finding.details, subject.company_hub_id)
        if (row.severity, row.details, row.company_hub_id) != facts:
            row.severity, row.details, row.company_hub_id = facts
            changed.append(row)
    Problem.objects.bulk_update(changed, ["severity", "details", "company_hub_id"])


def _resolve_others(kind: ProblemKind, keys: set[str], now: datetime) -> None:
    """Close the problems of a kind whose subject is no more."""
    others = Problem.objects.filter(kind=kind, state__in=UNRESOLVED).exclude(subject__in=keys)
    others.update(state=ProblemState.RESOLVED, resolved_at=now, snoozed_until=None)


def _lock(problem_id: int) -> Problem:
    problem = Problem.objects.select_for_update().filter(pk=problem_id).first()
    if problem is None:
        raise ProblemNotFoundError
    if problem.state == ProblemState.RESOLVED:
        raise ProblemResolvedError
    return problem


def _save(actor: Actor, action: str, problem: Problem, now: datetime) -> Problem:
    problem.save(update_fields=["state", "snoozed_until", "assignee", "note"])
    audit_record(
        actor=actor,
        action=action,
        subject_type="problem",
        subject_id=str(problem.uid),
        company_uid=problem.company_hub_id,
        details={"kind": problem.kind},
        now=now,
    )
    return problem
