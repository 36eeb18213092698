"""The rows of a bench as they come: what is wanted, what was measured, what failed and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

import msgspec

from seatkeep_bench.results import Better, Row, failed

Tell = Callable[[str], None]


class Wanted(NamedTuple):
    """A row that must be in the result, measured or failed."""

    name: str
    unit: str
    better: Better
    goal: float


class Sheet:
    """The rows as they come; what fails is kept as the reason, and the next one goes on."""

    def __init__(self, wanted: Sequence[Wanted], tell: Tell) -> None:
        """Begin with nothing.

        Args:
            wanted: The rows that the result has in any case, in order.
            tell: Gets a line per step.
        """
        self._wanted, self._tell = wanted, tell
        self._rows: dict[str, Row] = {}
        self._why: dict[str, str] = {}

    @contextmanager
    def trying(self, name: str) -> Iterator[None]:
        """Measure a row, or a step towards it."""
        self._tell(f"measuring {name}")
        begun = perf_counter()
        try:
            yield
        except Exception as error:  # A bench reports what broke, whatever it is.
            self._why[name] = f"{type(error).__name__}: {error}"[:300]
            self._tell(f"  failed: {self._why[name]}")
        else:
            self._tell(f"  {perf_counter() - begun:.1f} s")

    def put(self, row: Row) -> None:
        """Keep a row."""
        self._rows[row.name] = row

    def grown(self, name: str, value: float) -> None:
        """Note how the cost of one grew from a row's own size to ten times the data."""
        here = self._rows[name]
        costs = (here.value, value) if here.better is Better.LOWER else (value, here.value)
        self._rows[name] = msgspec.structs.replace(here, growth=round(costs[1] / costs[0], 2))

    def rows(self) -> list[Row]:
        """All wanted rows in their order."""
        return [self._rows.get(one.name) or self._failed(one) for one in self._wanted]

    def _failed(self, one: Wanted) -> Row:
        why = self._why.get(one.name, "not measured")
        return failed(one.name, unit=one.unit, better=one.better, goal=one.goal, why=why)
