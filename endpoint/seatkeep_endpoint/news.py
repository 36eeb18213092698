"""What the agent must hear: kept until it says that it has it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from seatkeep_protocol.local import Event, EventName, body_builtins

from seatkeep_endpoint.errors import DiskFullError
from seatkeep_endpoint.store import Store

log = logging.getLogger(__name__)
Listener = Callable[[Event], None]
MEMORY_LIMIT = 1000


class News:
    """Durable news (detections, quarantine, finished scans) and passing ones (status, progress).

    A durable event's body carries `news`, its number; the agent answers with `events_seen` in `hello`. What was not
    seen is told again to the next connection, so nothing is lost when either side dies.

    Args:
        store: Where durable news wait.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: set[Listener] = set()
        self._unstored: deque[tuple[EventName, dict[str, Any]]] = deque(maxlen=MEMORY_LIMIT)

    def subscribe(self, listener: Listener) -> None:
        """Tell `listener` everything from now on; it must not block."""
        self._listeners.add(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop telling. Idempotent."""
        self._listeners.discard(listener)

    def tell(self, event: EventName, body: msgspec.Struct) -> None:
        """Tell whoever listens now; nobody remembers it."""
        self._send(Event(event, body_builtins(body)))

    def record(self, event: EventName, body: msgspec.Struct) -> None:
        """Keep an event until it was seen, and tell it. On a full disk it waits in memory."""
        fields: dict[str, Any] = body_builtins(body)
        try:
            self._flush_memory()
            self._send(self._store_event(event, fields))
        except DiskFullError:
            log.error("the disk is full; an event waits in memory")
            self._unstored.append((event, fields))

    def seen(self, number: int) -> None:
        """Forget durable news up to `number`, inclusive."""
        if number > 0:
            with self._store.transaction() as connection:
                connection.execute("DELETE FROM news WHERE number <= ?", (number,))

    def unseen(self) -> list[Event]:
        """Durable news that nobody has confirmed yet, oldest first."""
        rows = self._store.rows("SELECT * FROM news ORDER BY number")
        return [to_event(row["number"], row["event"], msgspec.msgpack.decode(row["body"])) for row in rows]

    def _flush_memory(self) -> None:
        while self._unstored:
            self._send(self._store_event(*self._unstored[0]))
            self._unstored.popleft()

    def _store_event(self, event: EventName, fields: dict[str, Any]) -> Event:
        with self._store.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO news (event, body) VALUES (?, ?)", (event.value, msgspec.msgpack.encode(fields))
            )
        return to_event(cursor.lastrowid or 0, event.value, fields)

    def _send(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)


def to_event(number: int, event: str, fields: dict[str, Any]) -> Event:
    """A durable event as it goes over the socket."""
    return Event(EventName(event), {**fields, "news": number})
