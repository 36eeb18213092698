"""What a bench writes: build/bench/<target>.json, a list of rows that other programs can compare."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path

import msgspec


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value.

    Attributes:
        name: Stable name, e.g. `activation`.
        value: What was measured, in `unit`.
        goal: What we want, in `unit`.
        floor: What the parts below can do at best in the same run, in `unit`.
        ratio: value / floor; 1.0 means that our own code costs nothing.
        p50: Median of one operation, seconds; None where it does not apply.
        p99: 99th percentile of one operation, seconds; None where it does not apply.
    """

    name: str
    value: float
    unit: str
    better: Better
    goal: float
    floor: float
    ratio: float
    p50: float | None = None
    p99: float | None = None

    @property
    def is_met(self) -> bool:
        """Tell whether the goal is reached."""
        return self.value >= self.goal if self.better is Better.HIGHER else self.value <= self.goal


def row(
    name: str,
    *,
    value: float,
    unit: str,
    better: Better,
    goal: float,
    floor: float,
    p50: float | None = None,
    p99: float | None = None,
) -> Row:
    """Return a row, rounded to four significant digits, with its ratio."""
    return Row(
        name=name,
        value=_rounded(value),
        unit=unit,
        better=better,
        goal=goal,
        floor=_rounded(floor),
        ratio=_rounded(value / floor) if floor else math.inf,
        p50=None if p50 is None else _rounded(p50),
        p99=None if p99 is None else _rounded(p99),
    )


def write(rows: list[Row], file: Path) -> None:
    """Write the rows as JSON; the folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")


def table(rows: list[Row]) -> str:
    """Return the rows as a table for people."""
    lines = [f"{'what':<16}{'value':>12}{'goal':>12}{'floor':>12}{'ratio':>8}{'p50':>10}{'p99':>10}  unit"]
    for each in rows:
        mark = "" if each.is_met else "  below goal" if each.better is Better.HIGHER else "  above goal"
        lines.append(
            f"{each.name:<16}{each.value:>12,.4g}{each.goal:>12,.4g}{each.floor:>12,.4g}{each.ratio:>8.2f}"
            f"{_seconds(each.p50):>10}{_seconds(each.p99):>10}  {each.unit}{mark}"
        )
    return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1000:.1f} ms"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
