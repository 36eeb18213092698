"""What a simulated device reports about the tasks that it is given. Pure."""

from __future__ import annotations

from typing import Any

from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.messages import TaskRunEvent
from seatkeep_protocol.tasks import TaskKind
from seatkeep_protocol.vocabulary import TaskRunState

_SCANNED = {"files_scanned": 12_000, "threats": 0}


def is_runnable(task: DocumentTask, now_us: int) -> bool:
    """Tell whether a task may still be begun: before its expiry, exclusive."""
    return now_us < task.expires_at_us


def chore_reports(task: DocumentTask, *, has_seat: bool, at_us: int) -> list[TaskRunEvent]:
    """Return the reports of a whole run: it runs, then it is done, or it says why not.

    Args:
        task: What was asked.
        has_seat: Whether the device holds a lease: the result of an activation task.
        at_us: Now, µs since 1970.
    """
    failure = _failure(task, has_seat)
    if failure:
        return [_report(task, TaskRunState.FAILED, at_us, detail=failure)]
    result = _SCANNED if task.kind == TaskKind.SCAN else {}
    return [
        _report(task, TaskRunState.RUNNING, at_us, progress_percent=0),
        _report(task, TaskRunState.FINISHED, at_us + 1, progress_percent=100, result=result),
    ]


def _failure(task: DocumentTask, has_seat: bool) -> str:
    if task.kind == TaskKind.RUN_COMMAND:
        return "A simulated device runs no commands."
    if task.kind in (TaskKind.QUARANTINE_RESTORE, TaskKind.QUARANTINE_DELETE):
        return "A simulated device has no quarantine."
    if task.kind == TaskKind.ACTIVATE and not has_seat:
        return "No seat was given."
    return ""


def _report(task: DocumentTask, state: TaskRunState, at_us: int, **more: Any) -> TaskRunEvent:
    return TaskRunEvent(run=task.run, task=task.task, state=state, at_us=at_us, **more)
