"""Runs scans one after another in a thread and tells what comes of them."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from seatkeep_protocol.local import EventName, ScanDone, ScanProgress
from seatkeep_protocol.messages import DetectionEvent, QuarantineEvent
from seatkeep_protocol.vocabulary import DetectionAction, QuarantineState, Severity

from seatkeep_endpoint.engines.base import Engine
from seatkeep_endpoint.errors import EndpointError, ScanBusyError, ScanKnownError, ScanTargetError, ScanUnknownError
from seatkeep_endpoint.news import News
from seatkeep_endpoint.platforms.base import Files
from seatkeep_endpoint.quarantine import Quarantine, QuarantineItem
from seatkeep_endpoint.scanning.scan import Detection, Scan, ScanCounts, ScanRequest
from seatkeep_endpoint.store import Store, fact_write

log = logging.getLogger(__name__)
RUNNING = "scan_running"
MAX_PATH = 4096


class Scanner:
    """At most one scan at a time.

    Args:
        store: Remembers the running scan, so that one cut off by a crash is reported as such.
        quarantine: Takes what is found.
        news: Hears detections, progress and the end.
        product: Gives the product code for reports.
        clock: Current time, aware UTC.
        files: The files of this machine.
        own_folder: The endpoint's root, never scanned.
        on_change: Called when threats came or went.
    """

    def __init__(
        self,
        *,
        store: Store,
        quarantine: Quarantine,
        news: News,
        product: Callable[[], str],
        clock: Callable[[], datetime],
        files: Files,
        own_folder: Path,
        on_change: Callable[[], None],
    ) -> None:
        self._store, self._quarantine, self._news = store, quarantine, news
        self._product, self._clock, self._files, self._own_folder = product, clock, files, own_folder
        self._on_change = on_change
        self._scan: tuple[uuid.UUID, Scan] | None = None
        self._task: asyncio.Task[None] | None = None

    def report_cut_off(self) -> None:
        """At start: a scan that was running when the process ended is over, and did not go through."""
        run = self._store.fact(RUNNING, str)
        if run:
            self._finish(uuid.UUID(run), ScanCounts(), error="interrupted: the endpoint was stopped during the scan")

    def start(self, run: uuid.UUID, request: ScanRequest, engine: Engine) -> None:
        """Begin a scan; news tell the rest.

        Raises:
            ScanKnownError: This very scan began before, and may be over.
            ScanBusyError: Another scan runs.
            ScanTargetError: None of the targets exists.
        """
        if self._store.rows("SELECT 1 FROM scan WHERE run = ?", run.hex):
            raise ScanKnownError("this scan began before")
        if self._scan is not None:
            raise ScanBusyError("another scan is running")
        if not any(Path(target).is_absolute() and Path(target).exists() for target in request.targets):
            raise ScanTargetError(f"none of {', '.join(request.targets) or 'no targets'} exists")
        loop = asyncio.get_running_loop()
        scan = self._make(request, engine, loop, run)
        scan.on_progress = lambda counts: self._progressed(loop, run, counts)
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO scan VALUES (?)", (run.hex,))
            fact_write(connection, RUNNING, run.hex)
        self._scan = (run, scan)
        self._task = loop.create_task(self._run(run, scan))

    def examine(self, request: ScanRequest, engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
        """Examine a few files at once, in the caller's thread; detections are told as those of a scan are.

        Raises:
            EngineUnavailableError: The engine went away.
        """
        self._make(request, engine, loop, None).run()

    def cancel(self, run: uuid.UUID) -> None:
        """Stop a scan after the file in hand.

        Raises:
            ScanUnknownError: That scan does not run.
        """
        if self._scan is None or self._scan[0] != run:
            raise ScanUnknownError(f"scan {run} does not run")
        self._scan[1].cancelled.set()

    def cancel_all(self) -> None:
        """Stop whatever runs."""
        if self._scan is not None:
            self._scan[1].cancelled.set()

    async def wait(self) -> None:
        """Wait until nothing runs."""
        if self._task is not None:
            await self._task

    def open_threats(self) -> int:
        """Detections that were not dealt with and whose file still stands."""
        rows = self._store.rows("SELECT path FROM open_threat")
        gone = [(row["path"],) for row in rows if not Path(row["path"]).exists()]
        if gone:
            with self._store.transaction() as connection:
                connection.executemany("DELETE FROM open_threat WHERE path = ?", gone)
        return len(rows) - len(gone)

    def _make(
        self, request: ScanRequest, engine: Engine, loop: asyncio.AbstractEventLoop, run: uuid.UUID | None
    ) -> Scan:
        return Scan(
            request=request, engine=engine, files=self._files, quarantine=self._quarantine, clock=self._clock,
            on_detection=lambda found: self._detected(loop, run, found),
            own_folders=[str(self._own_folder)],
        )  # fmt: skip

    async def _run(self, run: uuid.UUID, scan: Scan) -> None:
        error, is_complete = "", False
        try:
            is_complete = await asyncio.to_thread(scan.run)
        except (EndpointError, OSError) as failure:
            error = str(failure)
        except Exception as failure:
            log.exception("a scan failed")
            error = f"{type(failure).__name__}: {failure}"
        self._scan = None
        self._finish(run, scan.counts, is_canceled=not is_complete and not error, error=error)
        self._on_change()

    def _finish(self, run: uuid.UUID, counts: ScanCounts, *, is_canceled: bool = False, error: str = "") -> None:
        self._store.fact_set(RUNNING, "")
        done = ScanDone(
            run=run, files_scanned=counts.scanned, bytes_scanned=counts.scanned_bytes,
            files_skipped=counts.unreadable, threats=counts.detected, is_canceled=is_canceled, error=error[:1000],
        )  # fmt: skip
        self._news.record(EventName.SCAN_DONE, done)

    def _progressed(self, loop: asyncio.AbstractEventLoop, run: uuid.UUID, counts: ScanCounts) -> None:
        progress = ScanProgress(run=run, files_scanned=counts.scanned)
        loop.call_soon_threadsafe(self._news.tell, EventName.SCAN_PROGRESS, progress)

    def _detected(self, loop: asyncio.AbstractEventLoop, run: uuid.UUID | None, found: Detection) -> None:
        """In the scan's thread: keep it first, so that a crash right after loses nothing."""
        self._remember_threat(found)
        body = detection_event(found, run, self._product(), now=self._clock())
        loop.call_soon_threadsafe(self._news.record, EventName.DETECTION, body)
        if found.item is not None:
            held = quarantine_event(found.item, QuarantineState.HELD, now=self._clock(), run=run)
            loop.call_soon_threadsafe(self._news.record, EventName.QUARANTINE, held)
        loop.call_soon_threadsafe(self._on_change)

    def _remember_threat(self, found: Detection) -> None:
        with self._store.transaction() as connection:
            if found.item is None:
                connection.execute("INSERT OR REPLACE INTO open_threat VALUES (?, ?)", (found.path, found.finding.name))
            else:
                connection.execute("DELETE FROM open_threat WHERE path = ?", (found.path,))


def detection_event(found: Detection, run: uuid.UUID | None, product: str, *, now: datetime) -> DetectionEvent:
    """A detection as the manager hears it; worse when the file is still there."""
    action = DetectionAction.QUARANTINED if found.item else DetectionAction.NONE
    if found.failure:
        action = DetectionAction.FAILED
    return DetectionEvent(
        detection=uuid.UUID(found.detection),
        at_us=int(now.timestamp() * 1_000_000),
        product=product,
        engine=found.finding.engine,
        threat=found.finding.name[:255],
        severity=Severity.WARNING if found.item else Severity.CRITICAL,
        path=found.path[:MAX_PATH],
        sha256=found.sha256,
        size_bytes=found.size_bytes,
        action=action,
        is_test_rule=found.finding.is_test,
        run=run,
        item=uuid.UUID(found.item.item) if found.item else None,
    )


def quarantine_event(
    item: QuarantineItem, state: QuarantineState, *, now: datetime, run: uuid.UUID | None = None, detail: str = ""
) -> QuarantineEvent:
    """A change of a quarantined file as the manager hears it."""
    return QuarantineEvent(
        item=uuid.UUID(item.item),
        state=state,
        at_us=int(now.timestamp() * 1_000_000),
        path=item.path[:MAX_PATH],
        sha256=item.sha256,
        size_bytes=item.size_bytes,
        threat=item.threat[:255],
        detection=uuid.UUID(item.detection),
        run=run,
        detail=detail[:MAX_PATH],
    )
