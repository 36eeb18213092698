"""Reads of problems: of devices that a person may see, of customers, and, for the whole instance's people, of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, IntegerField, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from seatkeep_manager.directory.access import groups_within, may_everywhere, of_companies
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemSeverity, ProblemState, ProblemVerb
from seatkeep_manager.problems.errors import ProblemNotFoundError
from seatkeep_manager.problems.models import Problem, ProblemEvent

UNDO_FOR = timedelta(minutes=10)
SEVERITY_RANK = {ProblemSeverity.RED: 0, ProblemSeverity.AMBER: 1, ProblemSeverity.GREY: 2}


def problems_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Problem]:
    """All problems that a person may see or work on (USE), resolved ones included; newest first."""
    found = Problem.objects.select_related("device", "device__group", "assignee").order_by("-since", "-id")
    if may_everywhere(user, Functionality.PROBLEMS, level):
        return found
    groups = groups_within(user, Functionality.PROBLEMS, level)
    companies = of_companies(user, functionality=Functionality.PROBLEMS, level=level)
    return found.filter(Q(device__group__in=groups) | Q(companies, device__isnull=True))


def problems_unresolved(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Problem]:
    """As `problems_visible`, without those that are gone."""
    return problems_visible(user, level=level).filter(state__in=UNRESOLVED)


def problems_open(user: User | AnonymousUser) -> QuerySet[Problem]:
    """Those that nobody has looked at."""
    return problems_visible(user).filter(state=ProblemState.OPEN)


def problems_open_count(user: User | AnonymousUser) -> int:
    """How many nobody has looked at."""
    return problems_open(user).count()


def problem_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> Problem:
    """One problem.

    Raises:
        ProblemNotFoundError: It does not exist or is not the person's to see (or work on).
    """
    problem = problems_visible(user, level=level).filter(uid=uid).first()
    if problem is None:
        raise ProblemNotFoundError
    return problem


def device_problems(device: Device) -> list[Problem]:
    """The problems of a device that the caller may see, the worst first; those that are gone are left out."""
    rows = device.problems.filter(state__in=UNRESOLVED).select_related("assignee")
    return sorted(rows, key=lambda row: (SEVERITY_RANK[ProblemSeverity(row.severity)], row.since))


def problem_events(problem: Problem, *, limit: int = 100) -> list[ProblemEvent]:
    """The history of a problem that the caller may see, newest first."""
    return list(problem.events.select_related("user").order_by("-id")[:limit])


@dataclass(frozen=True)
class GroupCount:
    """How many problems of one kind one customer has.

    Attributes:
        company_hub_id: The customer; None: this instance.
        open_count: Those that nobody has looked at.
        new_count: Those that appeared after the marker.
        since: When the oldest appeared.
        newest_at: When the newest appeared.
    """

    kind: str
    company_hub_id: uuid.UUID | None
    severity: ProblemSeverity
    count: int
    open_count: int
    new_count: int
    since: datetime
    newest_at: datetime


def problems_grouped(problems: QuerySet[Problem], *, marker: datetime | None, limit: int, offset: int = 0
                     ) -> list[GroupCount]:  # fmt: skip
    """Problems by kind and customer, the worst first, then the largest; one statement whatever their number.

    Args:
        problems: What the person may see and has chosen.
        marker: What appeared after it counts as new; None: nothing does.
        limit: At most so many groups.
        offset: Groups to pass over.
    """
    rank = Case(*[When(severity=one, then=Value(n)) for one, n in SEVERITY_RANK.items()], output_field=IntegerField())
    is_new = Q(since__gt=marker) if marker else Q(pk__in=[])
    rows = (
        problems.order_by()
        .select_related(None)
        .values("kind", "company_hub_id")
        .annotate(
            rank=Min(rank),
            count=Count("id"),
            open_count=Count("id", filter=Q(state=ProblemState.OPEN)),
            new_count=Count("id", filter=is_new),
            first=Min("since"),
            last=Max("since"),
        )
        .order_by("rank", "-count", "kind", "company_hub_id")
    )
    severities = {n: one for one, n in SEVERITY_RANK.items()}
    return [
        GroupCount(
            row["kind"], row["company_hub_id"], severities[row["rank"]], row["count"], row["open_count"],
            row["new_count"], row["first"], row["last"],
        )
        for row in rows[offset : offset + limit]
    ]  # fmt: skip


def problems_of_groups(problems: QuerySet[Problem], groups: Iterable[GroupCount]) -> list[Problem]:
    """The problems of some groups, oldest first; the caller takes care that these are few."""
    wanted = Q(pk__in=[])
    for one in groups:
        wanted |= Q(kind=one.kind, company_hub_id=one.company_hub_id)
    return list(problems.filter(wanted).order_by("since", "id"))


def severity_counts(problems: QuerySet[Problem]) -> dict[str, int]:
    """How many there are of each severity."""
    rows = problems.order_by().values_list("severity").annotate(n=Count("id"))
    return {**dict.fromkeys(ProblemSeverity.values, 0), **dict(rows)}


def problems_version() -> int:
    """Rises with everything that happens to any problem: a page that has seen this number is up to date."""
    newest: int = ProblemEvent.objects.aggregate(newest=Coalesce(Max("id"), 0))["newest"]
    return newest


@dataclass(frozen=True)
class LastAct:
    """What a person did last, while it can be taken back."""

    act: uuid.UUID
    verb: ProblemVerb
    count: int


def last_act(user: User, *, now: datetime) -> LastAct | None:
    """A person's newest act of the last ten minutes, unless it changed nothing or was taken back."""
    newest = ProblemEvent.objects.filter(user=user, act__isnull=False).order_by("-id").first()
    if newest is None or newest.act is None or newest.former is None or newest.at <= now - UNDO_FOR:
        return None
    if newest.verb in (ProblemVerb.UNDONE, ProblemVerb.FIXED):
        return None
    return LastAct(newest.act, ProblemVerb(newest.verb), ProblemEvent.objects.filter(act=newest.act).count())
