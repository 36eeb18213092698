"""The clock; only edges read it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Current time, aware UTC."""
    return datetime.now(UTC)
