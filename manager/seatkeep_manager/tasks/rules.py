"""Pure decisions about task runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from seatkeep_protocol.vocabulary import TaskRunState

from seatkeep_manager.tasks.enums import FINAL_STATES, RunState

MAX_TARGETS = 10_000
MAX_OPEN_PER_DEVICE = 200
OUTPUT_LIMIT_CHARACTERS = 4096
MAX_RUNS_A_DAY = 1_500
"""Of one task on one device: a little more than one each minute."""
GROUP_TASK_LIMIT_BYTES = 8 * 1024
CHAIN_TASKS_LIMIT_BYTES = 40 * 1024
"""What the tasks of one group document may take; `policies.size` keeps the room."""
MAX_LIFE = timedelta(days=180)

RUNS_KEPT = timedelta(days=180)
PRUNED_AT_ONCE = 10_000

STATE_OF_WIRE = {
    TaskRunState.WAITING: RunState.QUEUED,
    TaskRunState.RECEIVED: RunState.QUEUED,
    TaskRunState.RUNNING: RunState.RUNNING,
    TaskRunState.FINISHED: RunState.FINISHED,
    TaskRunState.FAILED: RunState.FAILED,
    TaskRunState.EXPIRED: RunState.EXPIRED,
    TaskRunState.CANCELED: RunState.CANCELED,
    TaskRunState.SUPPRESSED: RunState.SUPPRESSED,
}
_RANK = {RunState.QUEUED: 0, RunState.RUNNING: 1}
_FINAL_RANK = 2


@dataclass(frozen=True)
class RunReport:
    """What a device says of one of its runs."""

    run_uid: UUID
    device_id: int
    state: TaskRunState
    at: datetime
    progress: int | None = None
    detail: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    task_uid: UUID | None = None
    fired_at_us: int | None = None


def fired_at(fired_at_us: int) -> datetime:
    """The instant of a fire, exact to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=fired_at_us)


def rank(state: RunState) -> int:
    """How far along a state is: 0 queued, 1 running, 2 final."""
    return _RANK.get(state, _FINAL_RANK)


def report_counts(*, state: RunState, reported_at: datetime | None, report: RunReport) -> bool:
    """Whether a report changes a run; reports may come twice and in any order.

    A later state wins over an earlier one whatever the clock says; within one state the newer report wins. What a
    device says it finished stays; only our own EXPIRED gives way to what the device really did.
    """
    reported = STATE_OF_WIRE[report.state]
    if state in FINAL_STATES:
        return state == RunState.EXPIRED and reported in (RunState.FINISHED, RunState.FAILED)
    if rank(reported) != rank(state):
        return rank(reported) > rank(state)
    return reported_at is None or report.at > reported_at
