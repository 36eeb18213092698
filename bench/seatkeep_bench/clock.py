"""The one place of the simulator that reads the clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Current time, aware UTC."""
    return datetime.now(UTC)


def now_us() -> int:
    """Current time, µs since 1970."""
    return time.time_ns() // 1_000
