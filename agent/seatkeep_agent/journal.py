"""Task runs as this machine remembers them: each is begun at most once, whatever is killed in between."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import msgspec
from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.messages import TaskRunEvent
from seatkeep_protocol.vocabulary import TaskRunState

from seatkeep_agent.store import Store


class JournalRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the journal."""

    run: uuid.UUID
    task: uuid.UUID
    kind: str
    params: dict[str, Any]
    state: TaskRunState


class Journal:
    """The runs of this device.

    Args:
        store: Where they are kept; each step is on disk before the next begins.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def receive(self, task: DocumentTask, *, now: datetime) -> bool:
        """Note a run; False when it was noted before (also when it is long finished)."""
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "INSERT OR IGNORE INTO run (run, task, kind, params, state, at_us) VALUES (?, ?, ?, ?, ?, ?)",
                (task.run.hex, task.task.hex, task.kind, msgspec.msgpack.encode(task.params),
                 TaskRunState.RECEIVED.value, micros(now)),
            )  # fmt: skip
        return cursor.rowcount == 1

    def begin(self, run: uuid.UUID, *, now: datetime) -> bool:
        """Claim a run; only the first caller ever gets True. On disk before the work starts."""
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "UPDATE run SET state = ?, at_us = ?, is_told = 0 WHERE run = ? AND state = ?",
                (TaskRunState.RUNNING.value, micros(now), run.hex, TaskRunState.RECEIVED.value),
            )
        return cursor.rowcount == 1

    def finish(
        self,
        run: uuid.UUID,
        state: TaskRunState,
        *,
        now: datetime,
        detail: str = "",
        result: dict[str, Any] | None = None,
    ) -> bool:
        """Set a final state; False when the run is unknown or final already."""
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "UPDATE run SET state = ?, at_us = ?, detail = ?, result = ?, is_told = 0 "
                "WHERE run = ? AND state IN (?, ?)",
                (state.value, micros(now), detail, msgspec.msgpack.encode(result or {}), run.hex,
                 TaskRunState.RECEIVED.value, TaskRunState.RUNNING.value),
            )  # fmt: skip
        return cursor.rowcount == 1

    def put_back(self, run: uuid.UUID, *, now: datetime) -> None:
        """Take back a claim: whoever should have done the work said for certain that it did not begin."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE run SET state = ?, at_us = ? WHERE run = ? AND state = ?",
                (TaskRunState.RECEIVED.value, micros(now), run.hex, TaskRunState.RUNNING.value),
            )

    def progress(self, run: uuid.UUID, *, now: datetime, result: dict[str, Any]) -> None:
        """Note what came out so far of a run that goes on."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE run SET at_us = ?, result = ?, is_told = 0 WHERE run = ? AND state = ?",
                (micros(now), msgspec.msgpack.encode(result), run.hex, TaskRunState.RUNNING.value),
            )

    def untold(self) -> list[uuid.UUID]:
        """Runs whose newest state is not in the spool yet."""
        return [uuid.UUID(row["run"]) for row in self._store.rows("SELECT run FROM run WHERE is_told = 0")]

    def told(self, event: TaskRunEvent) -> None:
        """The spool has this state."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE run SET is_told = 1 WHERE run = ? AND state = ? AND at_us = ?",
                (event.run.hex, event.state.value, event.at_us),
            )

    def in_state(self, state: TaskRunState) -> list[JournalRun]:
        """Runs in a state, by their ids: as they were ordered."""
        rows = self._store.rows("SELECT * FROM run WHERE state = ? ORDER BY run", state.value)
        return [
            JournalRun(
                run=uuid.UUID(row["run"]), task=uuid.UUID(row["task"]), kind=row["kind"],
                params=msgspec.msgpack.decode(row["params"]), state=TaskRunState(row["state"]),
            )
            for row in rows
        ]  # fmt: skip

    def event(self, run: uuid.UUID) -> TaskRunEvent | None:
        """The run as the manager hears it; None when it is unknown."""
        rows = self._store.rows("SELECT * FROM run LEFT JOIN fire USING (run) WHERE run = ?", run.hex)
        if not rows:
            return None
        row = rows[0]
        return TaskRunEvent(
            run=run, task=uuid.UUID(row["task"]), state=TaskRunState(row["state"]), at_us=row["at_us"],
            detail=row["detail"][:4096], result=msgspec.msgpack.decode(row["result"]) if row["result"] else {},
            fired_at_us=row["fired_at_us"],
        )  # fmt: skip


def micros(instant: datetime) -> int:
    """An aware instant as µs since 1970."""
    return int(instant.timestamp() * 1_000_000)
