"""What Defender does for us for a while, scans and updates: one at a time, told like our own scans, without counts."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from pathlib import Path

from seatkeep_protocol.local import EventName, ScanDone
from seatkeep_protocol.vocabulary import ScanMethod

from seatkeep_endpoint.defender.room import DefenderRoom
from seatkeep_endpoint.errors import (
    DefenderAbsentError,
    DefenderError,
    ScanBusyError,
    ScanKnownError,
    ScanTargetError,
)
from seatkeep_endpoint.news import News
from seatkeep_endpoint.store import Store, fact_write

log = logging.getLogger(__name__)
RUNNING = "defender_scan_running"
CUT_OFF = "interrupted: the endpoint was stopped; Defender may have gone on by itself"


class DefenderJobs:
    """Starts and ends them.

    Args:
        store: Remembers the running one, so that one that a crash cut off is reported as such.
        news: Hears the end.
        room: Asks Defender; None where there is none.
    """

    def __init__(self, store: Store, news: News, room: DefenderRoom | None) -> None:
        self._store, self._news, self._room = store, news, room
        self._running: tuple[uuid.UUID, asyncio.Task[None]] | None = None
        self._canceled: set[uuid.UUID] = set()

    def report_cut_off(self) -> None:
        """At start: what was running when the process ended is over for us."""
        if run := self._store.fact(RUNNING, str):
            self._finish(uuid.UUID(run), CUT_OFF)

    def scan(self, run: uuid.UUID, method: ScanMethod, targets: list[str]) -> None:
        """Begin a scan; news tell the end.

        Raises:
            DefenderAbsentError: There is no Defender here.
            ScanKnownError: This very scan began before.
            ScanBusyError: Defender is at work for us already.
            ScanTargetError: A scan of folders names none that exists.
        """
        there = [target for target in targets if Path(target).is_absolute() and Path(target).exists()]
        if method is ScanMethod.DEFENDER_CUSTOM and not there:
            raise ScanTargetError(f"none of {', '.join(targets) or 'no targets'} exists")
        self._start(run, lambda room: room.scan(method, there))

    def update(self, run: uuid.UUID) -> None:
        """Begin to fetch signatures; news tell the end. Errors as `scan`."""
        self._start(run, lambda room: room.signatures_update())

    def _start(self, run: uuid.UUID, work: Callable[[DefenderRoom], None]) -> None:
        if self._room is None or self._room.capabilities is None:
            raise DefenderAbsentError("there is no Microsoft Defender on this machine that answers")
        if self._store.rows("SELECT 1 FROM scan WHERE run = ?", run.hex):
            raise ScanKnownError("this began before")
        if self._running is not None:
            raise ScanBusyError("Defender is at work already")
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO scan VALUES (?)", (run.hex,))
            fact_write(connection, RUNNING, run.hex)
        task = asyncio.get_running_loop().create_task(self._run(self._room, run, work))
        self._running = (run, task)

    async def cancel(self, run: uuid.UUID) -> bool:
        """End a scan of ours; False when it is none of Defender's.

        Raises:
            DefenderError: Defender goes on.
        """
        if self._room is None or self._running is None or self._running[0] != run:
            return False
        self._canceled.add(run)
        await asyncio.to_thread(self._room.scan_cancel)
        return True

    async def wait(self) -> None:
        """Wait until nothing runs."""
        if self._running is not None:
            await self._running[1]

    def stop(self) -> None:
        """Forget what is running without a word: the next start reports it as cut off."""
        if self._running is not None:
            self._running[1].cancel()

    async def _run(self, room: DefenderRoom, run: uuid.UUID, work: Callable[[DefenderRoom], None]) -> None:
        error = ""
        try:
            await asyncio.to_thread(work, room)
        except DefenderError as failure:
            error = str(failure)
        finally:
            self._running = None
        self._finish(run, error)
        room.wake()

    def _finish(self, run: uuid.UUID, error: str) -> None:
        self._store.fact_set(RUNNING, "")
        is_canceled = run in self._canceled
        done = ScanDone(
            run=run, files_scanned=0, bytes_scanned=0, files_skipped=0, threats=0, is_canceled=is_canceled,
            error="" if is_canceled else error[:1000],
        )  # fmt: skip
        self._news.record(EventName.SCAN_DONE, done)
