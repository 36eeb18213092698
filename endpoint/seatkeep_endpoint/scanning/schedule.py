"""When the scheduled scan starts, in the machine's local time."""

from __future__ import annotations

from datetime import datetime

from croniter import croniter  # type: ignore[import-untyped]  # croniter ships no types


def next_scan_at(schedule: str | None, after: datetime) -> datetime | None:
    """The first instant after `after` that the cron line names; None for never.

    Args:
        schedule: Minute, hour, day, month, weekday; None or "" = never.
        after: Aware, in the machine's local time zone: the line is read in it.
    """
    if not schedule or not is_cron_line(schedule):
        return None
    upcoming: datetime = croniter(schedule, after).get_next(datetime)
    return upcoming


def is_cron_line(text: str) -> bool:
    """Whether the text names times as cron does."""
    return bool(croniter.is_valid(text))
