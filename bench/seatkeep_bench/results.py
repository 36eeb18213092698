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
        growth: Cost per item here / with a tenth of the data; None where it was not measured.
        failure: Why there is no value; empty where there is one.
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
    growth: float | None = None
    failure: str = ""

    @property
    def is_met(self) -> bool:
        """Tell whether the goal is reached."""
        if self.failure:
            return False
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
    growth: float | None = None,
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
        growth=None if growth is None else _rounded(growth),
    )


def failed(name: str, *, unit: str, better: Better, goal: float, why: str) -> Row:
    """Return the row of something that could not be measured; the others go on."""
    return Row(name=name, value=0, unit=unit, better=better, goal=goal, floor=0, ratio=0, failure=why)


def write(rows: list[Row], file: Path) -> None:
    """Write the rows as JSON; the folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")


def table(rows: list[Row]) -> str:
    """Return the rows as a table for people."""
    head = f"{'what':<24}{'value':>12}{'goal':>12}{'floor':>12}{'ratio':>8}{'p50':>10}{'p99':>10}{'growth':>8}  unit"
    return "\n".join([head, *map(_line, rows)])


def _line(each: Row) -> str:
    if each.failure:
        return f"{each.name:<24}{'failed':>12}{each.goal:>12,.4g}  {each.unit}  {each.failure}"
    mark = "" if each.is_met else "  below goal" if each.better is Better.HIGHER else "  above goal"
    growth = "–" if each.growth is None else f"{each.growth:.2f}"
    return (
        f"{each.name:<24}{each.value:>12,.4g}{each.goal:>12,.4g}{each.floor:>12,.4g}{each.ratio:>8.2f}"
        f"{_seconds(each.p50):>10}{_seconds(each.p99):>10}{growth:>8}  {each.unit}{mark}"
    )


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1000:.1f} ms"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
