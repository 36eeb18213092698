"""Which dynamic groups take this device; decided here, so that it holds without a connection too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from seatkeep_protocol.device_status import DeviceStatus, Known, device_status
from seatkeep_protocol.documents import document_groups

from seatkeep_agent.clock import wait_for
from seatkeep_agent.desired import DocumentBook
from seatkeep_agent.errors import SpoolFullError
from seatkeep_agent.store import Store

GROUPS = "dynamic_groups"
log = logging.getLogger(__name__)
LOOK_SECONDS = 60.0
"""Ages grow without anything happening."""
PAUSE_SECONDS = 2.0
"""A group whose policy makes the device leave it again must not keep it busy."""


class GroupFollower:
    """Looks at the groups again whenever something is known anew, and now and then.

    Args:
        store: Remembers the groups, so that a restart joins none anew.
        book: Has the groups and their rules.
        known: Gives everything known of this device.
        clock: Current time, aware UTC.
        on_change: Is awaited with the groups that were joined and those that were left, ids of 32 hex digits.
    """

    def __init__(
        self,
        *,
        store: Store,
        book: DocumentBook,
        known: Callable[[], Known],
        clock: Callable[[], datetime],
        on_change: Callable[[set[str], set[str]], Awaitable[None]],
    ) -> None:
        self._store, self._book, self._known, self._clock = store, book, known, clock
        self._on_change = on_change
        self._due = asyncio.Event()
        self.groups: list[str] | None = store.fact(GROUPS, list[str])
        """The groups at the last look, from the top of the static path down; None before the first."""
        self.is_decided = False
        """Whether this process has looked."""

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await wait_for(self._due, LOOK_SECONDS)
            self._due.clear()
            await self.look()
            await asyncio.sleep(PAUSE_SECONDS)

    def look_soon(self) -> None:
        """Something is known anew."""
        self._due.set()

    async def look(self) -> None:
        """Decide now, and tell what changed. Until the inventory was taken nothing is decided: it would be wrong."""
        if self._book.group is None or self._known().inventory is None:
            return
        groups = document_groups(self._book.group, self.status())
        joined, left = set(groups) - set(self.groups or ()), set(self.groups or ()) - set(groups)
        is_news = not self.is_decided or groups != self.groups
        self.groups, self.is_decided = groups, True
        if is_news:
            self._remember(groups)
            await self._on_change(joined, left)

    def _remember(self, groups: list[str]) -> None:
        try:
            self._store.fact_set(GROUPS, groups)
        except SpoolFullError as error:
            log.error("the disk is full; the groups are not remembered: %s", error)

    def status(self) -> DeviceStatus:
        """What rules are asked of, as it is now."""
        return device_status(self._known(), now=self._clock())
