"""CRON expressions of five fields: minute, hour, day of month, month, day of week.

Each field is `*` or a list of numbers and ranges, each with an optional step (`*/15`, `8-18/2`, `1,15`). Days of week
are 0–7, 0 and 7 both Sunday. When both day fields are restricted, a day fits that fits either (POSIX crontab).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from seatkeep_protocol.errors import TriggerInvalidError

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))


@dataclass(frozen=True)
class Cron:
    """What fits, field by field; days of week as in `date.isoweekday` modulo 7, Sunday 0."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_any_day: bool
    is_any_weekday: bool

    def times(self) -> list[time]:
        """The times of a fitting day, in order."""
        return [time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]

    def fits(self, day: date) -> bool:
        """Whether a day fits."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.is_any_day or self.is_any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


@lru_cache(maxsize=256)
def cron_parse(expression: str) -> Cron:
    """Read an expression.

    Raises:
        TriggerInvalidError: It has not five fields, or one is malformed or out of range; the message names it.
    """
    parts = expression.split()
    if len(parts) != len(_FIELDS):
        raise TriggerInvalidError(f"A CRON expression has five fields; this one has {len(parts)}.")
    minutes, hours, days, months, weekdays = (_field(part, *field) for part, field in zip(parts, _FIELDS, strict=True))
    return Cron(
        minutes, hours, days, months, frozenset(day % 7 for day in weekdays),
        is_any_day=parts[2].startswith("*"), is_any_weekday=parts[4].startswith("*"),
    )  # fmt: skip


def cron_days(cron: Cron, days: Iterator[date]) -> Iterator[date]:
    """Keep the days that fit."""
    return (day for day in days if cron.fits(day))


def _field(part: str, name: str, low: int, high: int) -> frozenset[int]:
    return frozenset(number for item in part.split(",") for number in _item(item, name, low, high))


def _item(item: str, name: str, low: int, high: int) -> range:
    numbers, has_step, step = item.partition("/")
    first, is_range, last = numbers.partition("-")
    if numbers == "*":
        first, last = str(low), str(high)
    elif not is_range:
        last = str(high) if has_step else first
    texts = (first, last, step) if has_step else (first, last)
    if not all(text.isascii() and text.isdigit() and len(text) <= 2 for text in texts):
        raise TriggerInvalidError(f"{item!r} is no {name} of a CRON expression.")
    start, end = int(first), int(last)
    if not (low <= start <= end <= high) or (has_step and int(step) == 0):
        raise TriggerInvalidError(f"{item!r} is no {name} of a CRON expression: {low} to {high}, the lower first.")
    return range(start, end + 1, int(step) if has_step else 1)
