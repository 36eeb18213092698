"""Who may look after problems: people who may work on every one of them."""

from __future__ import annotations

from django.db.models import QuerySet

from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import User
from seatkeep_manager.problems.errors import AssigneeUnknownError
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problems_visible

CANDIDATES_AT_MOST = 200


def assignees_of(problems: QuerySet[Problem]) -> list[User]:
    """The people who may work on every one of these problems, by name; programs are none.

    Args:
        problems: What the caller has chosen among what they may work on themselves.
    """
    ids = list(problems.order_by().values_list("pk", flat=True))
    people = User.objects.filter(is_active=True, is_program=False).order_by("name", "email")
    return [one for one in people[:CANDIDATES_AT_MOST] if _sees_all(one, ids)]


def assignee_get(email: str, problems: QuerySet[Problem]) -> User:
    """One of these people by mail address.

    Raises:
        AssigneeUnknownError: There is no such person, or they may not work on every one of the problems.
    """
    ids = list(problems.order_by().values_list("pk", flat=True))
    people = User.objects.filter(is_active=True, is_program=False)
    found: User | None = people.filter(email=email.strip().lower()).first()
    if found is None or not _sees_all(found, ids):
        raise AssigneeUnknownError(fields={"assignee": [str(AssigneeUnknownError.message)]})
    return found


def _sees_all(person: User, ids: list[int]) -> bool:
    mine = problems_visible(person, level=AccessLevel.USE).order_by()
    return mine.filter(pk__in=ids).count() == len(ids)
