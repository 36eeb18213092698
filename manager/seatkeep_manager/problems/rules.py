"""Pure: when something of a customer or of the whole instance is a problem. Devices: sql/device_findings.sql."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from seatkeep_manager.problems.enums import ProblemSeverity

LINK_BROKEN_AFTER = timedelta(minutes=10)
BACKUP_OLD_AFTER = timedelta(hours=48)
BACKUP_RED_AFTER = timedelta(days=7)
FIRST_BACKUP_AFTER = timedelta(hours=48)
DISK_AMBER = (0.10, 10 * 2**30)
DISK_RED = (0.05, 2 * 2**30)
"""Share that is free, and bytes: nearly full is below both."""
KEY_BUSY_FACTOR = 3
KEY_BUSY_LEAST = 10
"""So few new devices a day are never unusual."""
KEY_USUAL_AFTER = timedelta(days=3)
"""From then on a deployment key has a usual rate."""
SNOOZE_LONGEST = timedelta(days=366)


def link_is_broken(*, disconnected_since: datetime | None, now: datetime) -> bool:
    """Whether Licensing has been away for ten minutes or longer."""
    return disconnected_since is not None and now - disconnected_since >= LINK_BROKEN_AFTER


def backup_severity(*, made_at: datetime | None, running_since: datetime, now: datetime) -> ProblemSeverity | None:
    """How bad the age of the newest backup is.

    Args:
        made_at: When the newest one was made; None: there is none.
        running_since: When the console was first started: a new one has two days for its first backup.
        now: Current time, aware UTC.
    """
    age = now - (made_at or running_since)
    if age < (BACKUP_OLD_AFTER if made_at else FIRST_BACKUP_AFTER):
        return None
    return ProblemSeverity.RED if age >= BACKUP_RED_AFTER else ProblemSeverity.AMBER


def disk_severity(*, free_bytes: int, size_bytes: int) -> ProblemSeverity | None:
    """How bad the free space of the console's own disk is."""
    for (share, least), severity in ((DISK_RED, ProblemSeverity.RED), (DISK_AMBER, ProblemSeverity.AMBER)):
        if free_bytes < least and free_bytes < share * size_bytes:
            return severity
    return None


def key_usual_rate(*, uses_before: int, created_at: datetime, today: date) -> float | None:
    """How many devices a day a deployment key let in before today; None while it is too new to have a usual rate."""
    days = (today - created_at.date()).days
    return uses_before / days if days >= KEY_USUAL_AFTER.days else None


def key_is_busy(*, uses_today: int, usual: float | None) -> bool:
    """Whether a key lets in three times as many devices today as on other days, or more."""
    return usual is not None and uses_today >= max(KEY_BUSY_LEAST, KEY_BUSY_FACTOR * usual)


def snooze_is_valid(*, until: datetime, now: datetime) -> bool:
    """Whether a snooze ends in the future, within a year."""
    return timedelta() < until - now <= SNOOZE_LONGEST
