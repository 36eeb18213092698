"""Pure decisions of ordering: days of planned changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ANNOUNCED_BEFORE = timedelta(days=7)
"""So long before its day a planned change is announced."""

LATEST = timedelta(days=3 * 366)
"""No change is planned further ahead."""


def local_day(now: datetime, zone: str) -> date:
    """The calendar day at `now` (aware UTC) in a time zone (IANA name)."""
    return now.astimezone(ZoneInfo(zone)).date()


def is_due(due_on: date, *, now: datetime, zone: str) -> bool:
    """Whether a change holds: from the first minute of its day in the owner's time zone."""
    return local_day(now, zone) >= due_on


def is_announced(due_on: date, *, now: datetime, zone: str) -> bool:
    """Whether a change is at most seven days away."""
    return due_on - local_day(now, zone) <= ANNOUNCED_BEFORE


def due_fault(due_on: date, *, now: datetime, zone: str) -> str | None:
    """Say what is wrong with the day of a planned change, or None."""
    today = local_day(now, zone)
    if due_on <= today:
        return "A later day than today, or change the seats now."
    return "At most three years ahead." if due_on - today > LATEST else None
