"""Problems, what people do with them, their fixes, and the thresholds of groups."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.problem_schemas import (
    AssignIn,
    FixedOut,
    FixIn,
    NoteIn,
    ProblemActIn,
    ProblemActOut,
    ProblemEventsOut,
    ProblemGroupsOut,
    ProblemOut,
    SnoozeIn,
    ThresholdsIn,
    ThresholdsOut,
    UndoneOut,
)
from seatkeep_manager.api.schemas import PageOut
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.problems.acts import (
    act_undo,
    problems_acknowledge,
    problems_assign,
    problems_note,
    problems_reopen,
    problems_snooze,
)
from seatkeep_manager.problems.errors import ProblemNotFoundError, SnoozeInvalidError
from seatkeep_manager.problems.fixes import fix_get, fixes_of, problems_fix, problems_fixable
from seatkeep_manager.problems.limits import Limit, group_limits, group_limits_set
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.people import assignee_get
from seatkeep_manager.problems.selectors import (
    problem_events,
    problem_get,
    problems_grouped,
    problems_unresolved,
    problems_visible,
)

router = Router(tags=["Problems"])
GROUPS_AT_MOST = 1000
_Word = Annotated[str | None, Query(max_length=50)]


@router.get("/problems", response=PageOut[ProblemOut], summary="Problems")
def problem_list(
    request: HttpRequest,
    state: _Word = None,
    kind: _Word = None,
    severity: _Word = None,
    company: UUID | None = None,
    device: UUID | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Problems that the caller may see, newest first; also those that are gone, unless `state` says otherwise."""
    wanted = {"state": state, "kind": kind, "severity": severity, "company_hub_id": company, "device__uid": device}
    rows = problems_visible(caller(request)).filter(**{name: value for name, value in wanted.items() if value})
    return paginate(rows, order=("-id",), cursor=cursor, limit=limit)


@router.get("/problem-groups", response=ProblemGroupsOut, summary="Problems by kind and customer")
def problem_group_list(request: HttpRequest, severity: _Word = None, company: UUID | None = None) -> dict[str, Any]:
    """What is wrong, where and how many: the worst first, at most 1,000 groups."""
    wanted = {"severity": severity, "company_hub_id": company}
    rows = problems_unresolved(caller(request)).filter(**{name: value for name, value in wanted.items() if value})
    return {"items": problems_grouped(rows, marker=None, limit=GROUPS_AT_MOST)}


@router.get("/problems/{uuid:uid}", response=ProblemOut, summary="One problem")
def problem_read(request: HttpRequest, uid: UUID) -> Problem:
    """One problem."""
    return problem_get(caller(request), uid=uid)


@router.get("/problems/{uuid:uid}/events", response=ProblemEventsOut, summary="History of a problem")
def problem_history(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """What happened to it, newest first."""
    return {"items": problem_events(problem_get(caller(request), uid=uid))}


@router.post("/problems/{uuid:uid}/acknowledge", response=ProblemOut, summary="Mark a problem as seen")
def problem_seen(request: HttpRequest, uid: UUID) -> Problem:
    """Say that the caller looks after it."""
    problems_acknowledge(**_one(request, uid))
    return problem_get(caller(request), uid=uid)


@router.post("/problems/{uuid:uid}/snooze", response=ProblemOut, summary="Snooze a problem")
def problem_hide(request: HttpRequest, uid: UUID, body: SnoozeIn) -> Problem:
    """Put it out of sight for a while; it wakes by itself."""
    problems_snooze(**_one(request, uid), until=_aware(body.until))
    return problem_get(caller(request), uid=uid)


@router.post("/problems/{uuid:uid}/reopen", response=ProblemOut, summary="Put a problem back among the open ones")
def problem_back(request: HttpRequest, uid: UUID) -> Problem:
    """Take back that it is seen or snoozed."""
    problems_reopen(**_one(request, uid))
    return problem_get(caller(request), uid=uid)


@router.post("/problems/{uuid:uid}/assign", response=ProblemOut, summary="Give a problem to somebody")
def problem_give(request: HttpRequest, uid: UUID, body: AssignIn) -> Problem:
    """Say who looks after it."""
    chosen = _one(request, uid)
    problems_assign(**chosen, assignee=_assignee(body.assignee, problems_visible(caller(request)).filter(uid=uid)))
    return problem_get(caller(request), uid=uid)


@router.post("/problems/{uuid:uid}/note", response=ProblemOut, summary="Leave a note")
def problem_remark(request: HttpRequest, uid: UUID, body: NoteIn) -> Problem:
    """Leave a remark for the next person."""
    problems_note(**_one(request, uid), note=body.note)
    return problem_get(caller(request), uid=uid)


@router.post("/problems/{uuid:uid}/fix", response={202: FixedOut}, summary="Order the fix of a problem")
@idempotent
def problem_mend(request: HttpRequest, uid: UUID, body: FixIn) -> Status[Any]:
    """Scan, update, restart, approve, …: what the kind has. The problem stays until its fact is gone."""
    user = caller(request)
    found = problem_get(user, uid=uid)
    usual = next((str(one.code) for one in fixes_of(found.kind)), "")
    fix = fix_get(body.fix or usual, [found.kind])
    rows = problems_fixable(user, fix, problems_unresolved(user).filter(pk=found.pk))
    if not rows:
        raise ProblemNotFoundError
    return Status(
        202, problems_fix(actor=actor_from_request(request), user=user, fix=fix, problems=rows, now=clock_now())
    )


@router.post("/problem-acts", response={201: ProblemActOut}, summary="Do something with many problems")
@idempotent
def problem_act_new(request: HttpRequest, body: ProblemActIn) -> Status[dict[str, Any]]:
    """One act for all that are named, or all of one kind of one customer; it can be taken back."""
    user = caller(request)
    rows = problems_unresolved(user, level=AccessLevel.USE)
    if body.problems:
        rows = rows.filter(uid__in=body.problems)
    else:
        rows = rows.filter(kind=body.kind, company_hub_id=body.company)
    ids = list(rows.values_list("pk", flat=True))
    if not ids:
        raise ProblemNotFoundError
    chosen = {"actor": actor_from_request(request), "user": user, "problem_ids": ids, "now": clock_now()}
    return Status(201, {"act": _act(body, chosen, rows), "count": len(ids)})


def _act(body: ProblemActIn, chosen: dict[str, Any], rows: QuerySet[Problem]) -> UUID:
    if body.act == "snooze":
        if body.until is None:
            raise SnoozeInvalidError(fields={"until": [str(SnoozeInvalidError.message)]})
        return problems_snooze(**chosen, until=_aware(body.until))
    if body.act == "assign":
        return problems_assign(**chosen, assignee=_assignee(body.assignee, rows))
    if body.act == "note":
        return problems_note(**chosen, note=body.note)
    return (problems_reopen if body.act == "reopen" else problems_acknowledge)(**chosen)


@router.post("/problem-acts/{uuid:act}/undo", response=UndoneOut, summary="Take an act back")
def problem_act_back(request: HttpRequest, act: UUID) -> dict[str, int]:
    """Where the problem is still there and nobody has done anything with it since."""
    user = caller(request)
    return {"count": act_undo(actor=actor_from_request(request), user=user, act=act, now=clock_now())}


@router.get("/groups/{uuid:uid}/thresholds", response=ThresholdsOut, summary="When a group's devices become problems")
def threshold_list(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """Every threshold of a group."""
    group = group_get(caller(request), uid=uid, functionality=Functionality.PROBLEMS)
    return {"items": [_threshold(one) for one in group_limits(group)]}


@router.put("/groups/{uuid:uid}/thresholds", response=ThresholdsOut, summary="Change a group's thresholds")
def threshold_change(request: HttpRequest, uid: UUID, body: ThresholdsIn) -> dict[str, Any]:
    """Say what holds for a group and all below that says nothing else. Idempotent."""
    group = group_get(caller(request), uid=uid, functionality=Functionality.PROBLEMS, level=AccessLevel.WRITE)
    limits = group_limits_set(
        actor=actor_from_request(request), group_id=group.pk, own=body.thresholds, now=clock_now()
    )
    return {"items": [_threshold(one) for one in limits]}


def _threshold(limit: Limit) -> dict[str, Any]:
    known = limit.threshold
    return {
        "name": known.name, "unit": known.unit, "own": limit.own, "inherited": limit.inherited, "value": limit.value,
        "least": known.least, "most": known.most,
    }  # fmt: skip


def _one(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """What every act on one problem needs; the caller may work on it."""
    user = caller(request)
    found = problem_get(user, uid=uid, level=AccessLevel.USE)
    return {
        "actor": actor_from_request(request), "user": user, "problem_ids": [found.pk], "now": clock_now()
    }  # fmt: skip


def _assignee(email: str | None, rows: QuerySet[Problem]) -> User | None:
    return assignee_get(email, rows) if email else None


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
