"""What happened to a fleet: counters, and how long things took."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable

KEPT = 20_000


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that `share` of all (0.0 to 1.0) do not exceed, by the nearest rank; NaN of nothing."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[min(len(ordered) - 1, max(0, math.ceil(share * len(ordered)) - 1))]


class Stats:
    """Counters by name, and the newest 20,000 durations by name (seconds)."""

    def __init__(self) -> None:
        """Start from zero."""
        self.counts: Counter[str] = Counter()
        self._durations: dict[str, deque[float]] = {}

    def count(self, name: str, by: int = 1) -> None:
        """Count an event."""
        self.counts[name] += by

    def took(self, name: str, seconds: float) -> None:
        """Count an event and keep how long it took."""
        self.counts[name] += 1
        self._durations.setdefault(name, deque(maxlen=KEPT)).append(seconds)

    def p50(self, name: str) -> float:
        """Return the median duration, seconds; NaN when there is none."""
        return percentile(self._durations.get(name, ()), 0.50)

    def p99(self, name: str) -> float:
        """Return the 99th percentile, seconds; NaN when there is none."""
        return percentile(self._durations.get(name, ()), 0.99)

    def forget_durations(self, name: str) -> None:
        """Begin a new window of durations."""
        self._durations.pop(name, None)

    def line(self) -> str:
        """Return the counters as one line."""
        return " · ".join(f"{name} {count}" for name, count in sorted(self.counts.items())) or "nothing yet"
