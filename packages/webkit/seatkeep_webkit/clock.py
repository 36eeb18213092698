"""The clock of the edges: views, jobs and commands read it once and pass `now` down."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)
