"""Fires the group's tasks on this device: in its own time, without a connection too, each fire at most once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import msgspec
from seatkeep_protocol.documents import GroupDocument
from seatkeep_protocol.errors import ProtocolError
from seatkeep_protocol.tasks import params_decode
from seatkeep_protocol.triggers import (
    AsapTrigger,
    EventTrigger,
    GroupTask,
    JoinedTrigger,
    SizeTrigger,
    Trigger,
    fire_due,
    fire_us,
    run_id,
    trigger_decode,
)
from seatkeep_protocol.vocabulary import TaskRunState

from seatkeep_agent.errors import SpoolFullError
from seatkeep_agent.events import EventWatcher
from seatkeep_agent.store import Store

log = logging.getLogger(__name__)
LOOK_SECONDS = 10.0
"""How late a fire is noticed at most."""
EVENT_PAUSE_US = 60_000_000


class TriggerState(msgspec.Struct, frozen=True):
    """How far a task is settled here; see `trigger_state` in schema.sql."""

    since_us: int
    is_member: bool
    ran_us: int | None = None


class TriggerFollower:
    """Looks whether a task of the group's document is due, and notes its run together with how far it is settled.

    Args:
        store: Holds both; a power cut leaves both or none.
        device: This device, 32 hex digits.
        group: The group document in force, if there is one.
        groups: The dynamic groups that take the device; None while that is undecided.
        clock: Current time, aware UTC.
        on_fire: Is called when there is something to do.
        zone: Of local times; None is the machine's own.
        events: Reads what this machine logs; None: triggers by that do not fire.
    """

    def __init__(
        self,
        *,
        store: Store,
        device: str,
        group: Callable[[], GroupDocument | None],
        groups: Callable[[], list[str] | None],
        clock: Callable[[], datetime],
        on_fire: Callable[[], None],
        zone: tzinfo | None = None,
        events: EventWatcher | None = None,
    ) -> None:
        self._events = events
        self._store, self._device, self._zone = store, device, zone
        self._group, self._groups, self._clock, self._on_fire = group, groups, clock, on_fire

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def see(self) -> None:
        """Note the tasks of a new document before its groups are joined: who is in a group already does not join it."""
        for task in self._tasks():
            if self._state(task) is None:
                self._keep(task, self._first_state(task))

    def look(self) -> None:
        """Fire what is due; on a full disk it waits."""
        try:
            self.see()
            for task in self._tasks():
                is_member = self._is_member(task)
                if is_member is not None:
                    self._look_at(task, is_member)
        except SpoolFullError as error:
            log.error("the disk is full; tasks of groups wait: %s", error)

    def _look_at(self, task: GroupTask, is_member: bool) -> None:
        state, now = self._state(task), self._clock()
        if state is None or (task.ends_at_us is not None and task.ends_at_us <= fire_us(now)):
            return
        try:
            trigger = trigger_decode(task.trigger)
        except ProtocolError:
            return  # A trigger of a later release; the agent learns it with its next version.
        has_joined = is_member and not state.is_member
        if state.is_member != is_member or state.since_us > fire_us(now):
            state = TriggerState(fire_us(now), is_member, state.ran_us)
            if not (has_joined and isinstance(trigger, JoinedTrigger)):
                self._keep(task, state)
        if is_member and (at_us := self._due(task, trigger, state, has_joined, now)) is not None:
            self._fire(task, state, at_us, now)

    def _due(
        self, task: GroupTask, trigger: Trigger, state: TriggerState, has_joined: bool, now: datetime
    ) -> int | None:
        """The fire that is due, µs since 1970."""
        if isinstance(trigger, JoinedTrigger):
            return fire_us(now) if has_joined else None
        if isinstance(trigger, EventTrigger):
            return fire_us(now) if self._has_happened(task, trigger, state, now) else None
        if isinstance(trigger, SizeTrigger):
            return None  # The manager's; it never stands in a document.
        if isinstance(trigger, AsapTrigger):
            return task.issued_at_us if state.ran_us is None else None
        life = timedelta(seconds=task.life_seconds + trigger.delay_seconds)
        after = max(_instant(state.since_us), now - life)
        at = fire_due(trigger, after=after, now=now, task=task.task, device=self._device, zone=self._zone)
        return None if at is None else fire_us(at)

    def _has_happened(self, task: GroupTask, trigger: EventTrigger, state: TriggerState, now: datetime) -> bool:
        """Whether enough was logged, and not only just now: one device does nothing more often than once a minute."""
        is_enough = self._events is not None and self._events.count_reached(task.task, trigger, now=now)
        return is_enough and (state.ran_us is None or fire_us(now) - state.ran_us >= EVENT_PAUSE_US)

    def _fire(self, task: GroupTask, state: TriggerState, at_us: int, now: datetime) -> None:
        """Note the run and that its fire is settled, in one step; a fire that was noted before stays as it is."""
        run, now_us = run_id(task=task.task, device=self._device, fired_at_us=at_us), fire_us(now)
        outcome, detail = self._outcome(task, state, now_us)
        ran_us = state.ran_us if outcome is TaskRunState.SUPPRESSED else now_us
        settled = TriggerState(max(state.since_us, at_us), True, ran_us)
        with self._store.transaction() as connection:
            connection.execute(
                _NOTE,
                (run.hex, task.task.hex, task.kind, msgspec.msgpack.encode(task.params), outcome.value, now_us, detail),
            )
            connection.execute("INSERT OR IGNORE INTO fire VALUES (?, ?)", (run.hex, at_us))
            connection.execute(_KEEP, _row(task, settled))
        self._on_fire()

    def _outcome(self, task: GroupTask, state: TriggerState, now_us: int) -> tuple[TaskRunState, str]:
        try:
            params_decode(task.kind, task.params)
        except ProtocolError as error:
            return TaskRunState.FAILED, str(error)
        if state.ran_us is not None and 0 <= now_us - state.ran_us < task.pause_seconds * 1_000_000:
            return TaskRunState.SUPPRESSED, "too soon after the last run"
        return TaskRunState.RECEIVED, ""

    def _first_state(self, task: GroupTask) -> TriggerState:
        """A device that comes late makes up for a single date, but not for times of a schedule before it came."""
        is_single = task.trigger.get("type") in ("ASAP", "ONCE")
        since_us = task.issued_at_us if is_single else max(task.issued_at_us, fire_us(self._clock()))
        return TriggerState(since_us, bool(self._is_member(task)))

    def _is_member(self, task: GroupTask) -> bool | None:
        document, groups = self._group(), self._groups()
        if document is not None and any(node.node == task.group for node in document.nodes):
            return True
        return None if groups is None else task.group in groups

    def _tasks(self) -> tuple[GroupTask, ...]:
        document = self._group()
        return document.tasks if document is not None else ()

    def _state(self, task: GroupTask) -> TriggerState | None:
        rows = self._store.rows("SELECT * FROM trigger_state WHERE task = ?", task.task.hex)
        return TriggerState(rows[0]["since_us"], bool(rows[0]["is_member"]), rows[0]["ran_us"]) if rows else None

    def _keep(self, task: GroupTask, state: TriggerState) -> None:
        with self._store.transaction() as connection:
            connection.execute(_KEEP, _row(task, state))


_NOTE = "INSERT OR IGNORE INTO run (run, task, kind, params, state, at_us, detail) VALUES (?, ?, ?, ?, ?, ?, ?)"
_KEEP = "INSERT OR REPLACE INTO trigger_state (task, since_us, is_member, ran_us) VALUES (?, ?, ?, ?)"


def _row(task: GroupTask, state: TriggerState) -> tuple[Any, ...]:
    return task.task.hex, state.since_us, state.is_member, state.ran_us


def _instant(at_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
