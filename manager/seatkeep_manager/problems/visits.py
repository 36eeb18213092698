"""What is new to a person: problems that appeared after their last visit ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from seatkeep_manager.directory.models import User
from seatkeep_manager.problems.models import ProblemVisit

VISIT_ENDS_AFTER = timedelta(minutes=30)
"""Whoever looks again after a longer time begins a new visit."""


@transaction.atomic
def visit_note(*, user: User, now: datetime) -> None:
    """Say that a person looks at the problems now; the page does so once a minute."""
    visit = ProblemVisit.objects.select_for_update().filter(user=user).first()
    if visit is None:
        ProblemVisit.objects.get_or_create(user=user, defaults={"marker_at": now, "seen_at": now})
    else:
        visit.marker_at = visit_marker_of(visit, now=now)
        visit.seen_at = max(visit.seen_at, now)
        visit.save(update_fields=["marker_at", "seen_at"])


@transaction.atomic
def visit_begin(*, user: User, now: datetime) -> None:
    """Say that a person has seen all there is: from now on only what appears later is new."""
    ProblemVisit.objects.update_or_create(user=user, defaults={"marker_at": now, "seen_at": now})


def visit_marker(user: User, *, now: datetime) -> datetime | None:
    """What appeared after this is new to a person; None on their first visit: nothing is marked."""
    visit = ProblemVisit.objects.filter(user=user).first()
    return visit_marker_of(visit, now=now) if visit else None


def visit_marker_of(visit: ProblemVisit, *, now: datetime) -> datetime:
    """The end of the visit before: this one's own end, when the person comes back after a pause."""
    return visit.seen_at if now - visit.seen_at > VISIT_ENDS_AFTER else visit.marker_at
