"""Reads of problems: of devices that a person may see, of customers, and, for the whole instance's people, of it."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from seatkeep_manager.directory.access import groups_within, may_everywhere, of_companies
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.problems.enums import ProblemState
from seatkeep_manager.problems.errors import ProblemNotFoundError
from seatkeep_manager.problems.models import Problem


def problems_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Problem]:
    """All problems that a person may see or work on, resolved ones included; newest first."""
    found = Problem.objects.select_related("device", "device__group", "assignee").order_by("-since", "-id")
    if may_everywhere(user, Functionality.PROBLEMS, level):
        return found
    groups = groups_within(user, Functionality.PROBLEMS, level)
    companies = of_companies(user, functionality=Functionality.PROBLEMS, level=level)
    return found.filter(Q(device__group__in=groups) | Q(companies, device__isnull=True))


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
