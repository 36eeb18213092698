"""The clock of the edges: views, jobs and commands read it once and pass `now` down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_offset: Callable[[], timedelta] | None = None


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    real = datetime.now(UTC)
    return real if _offset is None else real + _offset()


def offset_by(offset: Callable[[], timedelta] | None) -> None:
    """Let `now` differ from the machine's time by what a function says; None for no more. Only for `test_clock`."""
    global _offset
    _offset = offset
