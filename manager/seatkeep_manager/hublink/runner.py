"""The hublink process: links by itself when told to, synchronizes at start, daily and on request, and listens.

Two threads: this loop decides and synchronizes; the listener holds the long poll and sets an event when the hub
announces a change, so that a change reaches the mirror within seconds. Nothing here has to survive a kill.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import OperationalError, close_old_connections, connection
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.errors import AppError

from seatkeep_manager.hublink.enums import LinkState, SyncKind, SyncTrigger
from seatkeep_manager.hublink.errors import SyncBusyError
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.hublink.rules import is_full_due, retry_delay
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.hublink.services import hub_client, link_poll, link_start
from seatkeep_manager.hublink.sync import link_connected, link_disconnected, sync_run

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0

Clock = Callable[[], datetime]


class LinkRunner:
    """Keeps the link alive until `stop` is set.

    Args:
        stop: Ends the loop within a tick, and the listener after its current long poll.
        clock: Tells the current time.
    """

    def __init__(self, *, stop: threading.Event, clock: Clock) -> None:
        self._stop = stop
        self._clock = clock
        self._announced = threading.Event()
        self._trigger: SyncTrigger | None = SyncTrigger.START
        self._failures = 0
        self._not_before: datetime | None = None
        self._next_poll: datetime | None = None

    def run(self) -> None:
        """Loop until stopped; an error of the database or the hub never ends it."""
        listener = threading.Thread(target=self._listen, name="hublink-listener", daemon=True)
        listener.start()
        while not self._stop.is_set():
            self._guarded(self.tick)
            self._announced.wait(TICK_SECONDS) or self._stop.wait(0)
        connection.close()

    def tick(self) -> None:
        """Do what is due now: start or poll a link, or synchronize."""
        link = link_get()
        now = self._clock()
        if self._not_before and now < self._not_before:
            return
        if link.state == LinkState.NOT_LINKED:
            self._bootstrap(now)
        elif link.state == LinkState.WAITING:
            self._poll(link, now)
        else:
            self._synchronize(link, now)

    def _bootstrap(self, now: datetime) -> None:
        """Link by itself when the launcher gave the token that the hub's first run knows."""
        token = settings.BOOTSTRAP_TOKEN
        if not token:
            return
        self._tried(lambda: link_start(actor=Actor.system("hublink"), now=now, bootstrap_token=token), now)

    def _poll(self, link: HubLink, now: datetime) -> None:
        if self._next_poll and now < self._next_poll:
            return
        self._next_poll = now + timedelta(seconds=link.poll_interval_seconds)
        self._tried(lambda: link_poll(now=now), now)

    def _synchronize(self, link: HubLink, now: datetime) -> None:
        """Run when started, announced, requested or a day old; a failure waits longer each time."""
        if link.preview_requested_at:
            self._preview(link, now)
            return
        wanted = self._wanted(link, now)
        if wanted is None:
            return
        trigger, kind = wanted
        self._announced.clear()
        HubLink.objects.filter(id=1, sync_requested_at=link.sync_requested_at).update(
            sync_requested_at=None, full_requested=False
        )
        if self._tried(lambda: self._sync_once(kind, trigger), now):
            self._trigger = None
        else:
            self._trigger = trigger

    def _preview(self, link: HubLink, now: datetime) -> None:
        """Read everything once and keep what would change; one that failed is asked for again by a person."""
        HubLink.objects.filter(id=1, preview_requested_at=link.preview_requested_at).update(preview_requested_at=None)
        self._tried(lambda: self._sync_once(SyncKind.DRY_RUN, SyncTrigger.REQUESTED), now)

    def _wanted(self, link: HubLink, now: datetime) -> tuple[SyncTrigger, SyncKind] | None:
        is_full = link.full_requested or is_full_due(last_full_at=link.last_full_at, now=now)
        kind = SyncKind.FULL if is_full else SyncKind.DELTA
        if link.sync_requested_at:
            return SyncTrigger.REQUESTED, kind
        if self._trigger:
            return self._trigger, kind
        if self._announced.is_set():
            return SyncTrigger.ANNOUNCED, kind
        return (SyncTrigger.DAILY, SyncKind.FULL) if is_full else None

    def _sync_once(self, kind: SyncKind, trigger: SyncTrigger) -> None:
        client = hub_client(now=self._clock())
        try:
            sync_run(client, kind=kind, trigger=trigger, clock=self._clock)
        finally:
            client.close()

    def _tried(self, attempt: Callable[[], object], now: datetime) -> bool:
        """Try it; on a failure note why and wait before the next attempt."""
        try:
            attempt()
        except SyncBusyError:
            return True
        except AppError as error:
            self._failures += 1
            self._not_before = now + retry_delay(self._failures)
            link_disconnected(reason=error.detail, now=now)
            logger.warning("hub link: %s", error.detail)
            return False
        self._failures, self._not_before = 0, None
        return True

    def _listen(self) -> None:
        """Hold one long poll after the other; every announced change wakes the loop."""
        failures = 0
        while not self._stop.is_set():
            try:
                failures = 0 if self._listen_once(has_failed=failures > 0) else failures
            except (AppError, OperationalError) as error:
                failures += 1
                self._guarded(partial(link_disconnected, reason=_said(error), now=self._clock()))
                self._stop.wait(retry_delay(failures).total_seconds())
            finally:
                close_old_connections()
        connection.close()

    def _listen_once(self, *, has_failed: bool) -> bool:
        """One long poll; False when there is nothing to listen for yet. After a failure a short one: it tells sooner
        that the hub is back."""
        link = link_get()
        if link.state != LinkState.LINKED or not link.cursor:
            self._stop.wait(TICK_SECONDS)
            return False
        client = hub_client(now=self._clock())
        try:
            is_changed = client.announce(cursor=link.cursor, **({"wait_seconds": 0} if has_failed else {}))
        finally:
            client.close()
        link_connected()
        if is_changed:
            self._announced.set()
            self._stop.wait(TICK_SECONDS)
        return True

    def _guarded(self, action: Callable[[], object]) -> None:
        """Survive a database that is away for a while."""
        try:
            action()
        except OperationalError as error:
            logger.warning("database: %s", error)
            self._stop.wait(TICK_SECONDS)
        finally:
            close_old_connections()


def _said(error: Exception) -> str:
    """What a person may read of an error."""
    return error.detail if isinstance(error, AppError) else str(error)
