"""Plain values out of what PowerShell's ConvertTo-Json makes of WMI's: dates, spans, lists of one, numbers as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_CLOCK = re.compile(r"(?:.*[T ])?(\d{1,2}):(\d{2})(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?")
MINUTES_OF_DAY = 24 * 60


def items(value: object) -> list[Any]:
    """A list: PowerShell makes a list of one the thing itself, and an empty one nothing."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def records(value: object) -> list[dict[str, Any]]:
    """The objects in a list; whatever is none is passed over."""
    return [item for item in items(value) if isinstance(item, dict)]


def texts(value: object) -> list[str]:
    """The texts in a list."""
    return [item for item in items(value) if isinstance(item, str) and item]


def text(value: object) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def truth(value: object) -> bool | None:
    """A yes or no; None when Windows does not say."""
    return value if isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """A whole number, also one that came as text; None otherwise."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value) else None


def micros(value: object) -> int | None:
    """An instant, µs since 1970; None for none, for "never" (the year 1), and for a date in somebody's own writing."""
    if isinstance(value, dict):
        return micros(value.get("value"))
    if not isinstance(value, str):
        return None
    if found := _DATE.fullmatch(value):
        at_ms = int(found.group(1))
        return at_ms * 1000 if 0 < at_ms < 2**52 else None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp() * 1_000_000) if at.year > 1970 else None  # Before it: "never".


def minutes_of_day(value: object) -> int | None:
    """A time of day as minutes after midnight, from a span, a text or a number; None when it is none."""
    if isinstance(value, dict):
        minutes = value.get("TotalMinutes")
        return (
            int(minutes) % MINUTES_OF_DAY if isinstance(minutes, (int, float)) else minutes_of_day(value.get("value"))
        )
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value)):
        return (int(found.group(1)) * 60 + int(found.group(2))) % MINUTES_OF_DAY
    number = whole(value)
    return number if number is not None and 0 <= number < MINUTES_OF_DAY else None


def days_ago(days: int | None, now: datetime) -> int | None:
    """The instant so many days ago, µs; None when it never was (Defender says 65535 or 4294967295)."""
    if days is None or not 0 <= days < 2**16 - 1:
        return None
    return int((now - timedelta(days=days)).timestamp() * 1_000_000)
