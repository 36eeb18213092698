"""Counts what this machine logs, for tasks that wait for it: each line counts once, also over a restart."""

from __future__ import annotations

import uuid
from datetime import datetime

import msgspec
from seatkeep_machine.events import EventReader
from seatkeep_protocol.triggers import EventTrigger, fire_us

from seatkeep_agent.store import Store


class Watched(msgspec.Struct, frozen=True):
    """How far a log was read for a task, and when fitting lines came (µs since 1970, the latest `count`)."""

    cursor: str
    seen_us: list[int] = []


class EventWatcher:
    """Reads the logs of one machine.

    Args:
        store: Remembers how far.
        reader: Reads.
    """

    def __init__(self, store: Store, reader: EventReader) -> None:
        self._store, self._reader = store, reader

    def count_reached(self, task: uuid.UUID, trigger: EventTrigger, *, now: datetime) -> bool:
        """Whether so much was logged as the trigger asks for; then counting begins anew.

        How far it read is on disk before anybody acts on it: what is cut off there is not done, and never twice.
        """
        name = f"event:{task.hex}"
        known = self._store.fact(name, Watched)
        look = self._reader.read(trigger, known.cursor if known else None)
        fits = sum(trigger.text.lower() in line[:4096].lower() for line in look.lines)
        now_us = fire_us(now)
        recent = [
            at for at in (known.seen_us if known else []) if 0 <= now_us - at <= trigger.within_seconds * 1_000_000
        ]
        seen = [*recent, *[now_us] * min(fits, trigger.count)][-trigger.count :]
        is_reached = fits > 0 and len(seen) >= trigger.count
        fresh = Watched(look.cursor, [] if is_reached else seen)
        if fresh != known:
            self._store.fact_set(name, fresh)
        return is_reached
