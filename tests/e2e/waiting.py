"""Waiting for what comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(what: str, is_so: Callable[[], bool], seconds: float, every: float = 0.1) -> float:
    """Wait until something is so; returns the seconds that it took."""
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
    return time.monotonic() - begun
