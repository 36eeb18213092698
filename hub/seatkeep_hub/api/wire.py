"""Small forms of docs/reference/wire.md."""

from __future__ import annotations

from datetime import datetime


def micros(instant: datetime) -> int:
    """An instant as whole microseconds since 1970."""
    return int(instant.timestamp() * 1_000_000)
