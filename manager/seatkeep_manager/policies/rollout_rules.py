"""Pure decisions about staged roll-outs: how a device fares, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from seatkeep_manager.policies.enums import RolloutDeviceState
from seatkeep_manager.policies.errors import RolloutPlanError

STAGES = (10, 50, 100)
HOLD = timedelta(minutes=30)
HOLD_LIMIT = timedelta(days=14)
FAILED_PERCENT = 10
STAGES_LIMIT = 10
QUORUM_PERCENT = 80
"""Of the devices that are online, so many must have answered before the next stage; the rest must not hold it up."""
REASONS_OF_POLICIES = frozenset({"ENGINE_STOPPED", "ON_ACCESS_STOPPED", "SIGNATURES_MISSING"})
"""Reasons for "not protected" that settings can cause; licenses and finds are not among them."""


class Step(StrEnum):
    """What a roll-out does next."""

    WAIT = "WAIT"
    NEXT = "NEXT"
    FINISH = "FINISH"
    STOP = "STOP"


@dataclass(frozen=True)
class Plan:
    """How a roll-out goes: percentages that rise to 100, how long each is watched, and when it stops."""

    stages: tuple[int, ...] = STAGES
    hold: timedelta = HOLD
    failed_percent: int = FAILED_PERCENT

    def __post_init__(self) -> None:
        """Check the plan.

        Raises:
            RolloutPlanError: Names the field and the bounds.
        """
        is_rising = all(low < high for low, high in zip(self.stages, self.stages[1:], strict=False))
        if not 1 <= len(self.stages) <= STAGES_LIMIT or not is_rising or self.stages[0] < 1 or self.stages[-1] != 100:
            raise RolloutPlanError(fields={"stages": [RolloutPlanError.message]})
        if not timedelta(0) <= self.hold <= HOLD_LIMIT:
            raise RolloutPlanError("", fields={"hold_seconds": ["0 … 1209600"]})
        if not 0 <= self.failed_percent <= 100:
            raise RolloutPlanError("", fields={"failed_percent": ["0 … 100"]})


@dataclass(frozen=True)
class Report:
    """What a device last said.

    Attributes:
        applied: Version of the document that carries the policy, µs since 1970; 0 before it said any.
        status_at: When its endpoint's status came; None before the first.
        values: Settings in force, by its endpoint.
        errors: Setting → why it could not be applied.
        is_unprotected: Its protection is down.
        reasons: Why it is.
    """

    applied: int
    status_at: datetime | None
    values: Mapping[str, Any]
    errors: Mapping[str, str]
    is_unprotected: bool
    reasons: Sequence[str]


@dataclass(frozen=True)
class Fate:
    """How a device fares, and why it failed."""

    state: RolloutDeviceState
    reason: str = ""


WAITING, APPLIED = Fate(RolloutDeviceState.WAITING), Fate(RolloutDeviceState.APPLIED)


def trouble(report: Report, settings: Mapping[str, Any]) -> str:
    """What is wrong on a device that these settings may have caused; "" when nothing is."""
    for name in settings:
        if name in report.errors:
            said = report.errors[name]
            return said if said.startswith(name) else f"{name}: {said}"
    caused = sorted(REASONS_OF_POLICIES.intersection(report.reasons)) if report.is_unprotected else []
    return caused[0] if caused else ""


def device_fate(
    report: Report,
    *,
    changed: Mapping[str, Any],
    expected: Mapping[str, Any] | None,
    was_well: bool,
    since: datetime,
) -> Fate:
    """Judge one device that a roll-out has reached.

    Args:
        report: What it last said.
        changed: The settings in which the newer version differs.
        expected: The values that the merge gives for them on this device; None where nobody reports values (agent).
        was_well: Whether it had no trouble before.
        since: When the stage began that reached it; documents are numbered by the same clock.
    """
    if report.applied < int(since.timestamp() * 1_000_000):
        return WAITING
    if expected is None:
        return APPLIED
    problem = trouble(report, changed)
    is_news = report.status_at is not None and report.status_at >= since
    if problem and was_well and is_news:
        return Fate(RolloutDeviceState.FAILED, problem)
    if problem:
        return APPLIED if not was_well else WAITING
    known = {name: value for name, value in expected.items() if name in report.values}
    return APPLIED if all(report.values[name] == value for name, value in known.items()) else WAITING


def next_step(
    *,
    applied: int,
    failed: int,
    online: int,
    online_answered: int,
    plan: Plan,
    is_last_stage: bool,
    is_running: bool,
    stage_at: datetime,
    now: datetime,
) -> Step:
    """Decide what a roll-out does next.

    It stops as soon as more of those that answered failed than the plan allows, also while it is paused. It goes on
    when the stage was watched for its time, somebody obeys, and nearly all that are online have answered.
    """
    if failed * 100 > plan.failed_percent * (applied + failed):
        return Step.STOP
    is_held = now >= stage_at + plan.hold
    has_quorum = applied > 0 and online_answered * 100 >= QUORUM_PERCENT * online
    if not is_running or not is_held or not has_quorum:
        return Step.WAIT
    return Step.FINISH if is_last_stage else Step.NEXT
