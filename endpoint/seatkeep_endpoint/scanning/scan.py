"""One scan: walk, examine, quarantine, count, report progress, stop when told."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from seatkeep_endpoint.engines.base import Engine, Finding
from seatkeep_endpoint.errors import DiskFullError, EngineError, EngineUnavailableError, QuarantineRaceError
from seatkeep_endpoint.platforms.base import Files, FoundFile
from seatkeep_endpoint.quarantine import Quarantine, QuarantineItem
from seatkeep_endpoint.scanning.display import display_path
from seatkeep_endpoint.scanning.exclusions import Exclusions
from seatkeep_endpoint.scanning.walker import Walk

PROGRESS_EVERY_SECONDS = 0.5
MAX_NAMED_UNREADABLE = 20


@dataclass
class ScanCounts:
    """What a scan has done so far.

    Attributes:
        unreadable_names: The first twenty unreadable paths.
    """

    scanned: int = 0
    scanned_bytes: int = 0
    detected: int = 0
    quarantined: int = 0
    unreadable: int = 0
    unreadable_names: list[str] = field(default_factory=list)
    current: str = ""


@dataclass(frozen=True)
class Detection:
    """A finding in a file and what was done about it; `item` is None when the file stayed where it was.

    Attributes:
        detection: Its id, 32 hex digits.
        path: Where the file was, as text.
        sha256: Digest of the content, hex.
    """

    detection: str
    path: str
    sha256: str
    size_bytes: int
    finding: Finding
    item: QuarantineItem | None
    failure: str = ""


@dataclass(frozen=True)
class ScanRequest:
    """What to scan.

    Attributes:
        targets: Absolute paths of files and folders.
        exclusions: Paths and glob patterns left out.
        max_file_bytes: Bigger files are not examined but counted as unreadable; 0 = no limit.
        is_quarantining: False = report only.
    """

    targets: Sequence[str]
    exclusions: Sequence[str] = ()
    max_file_bytes: int = 0
    is_quarantining: bool = True


@dataclass
class Scan:
    """A scan in the making; `run` blocks, so call it in a thread, and set `cancelled` from anywhere.

    Attributes:
        clock: Gives the current time, aware UTC, for quarantine records.
        on_detection: Called for each detection, after the file was taken.
        on_progress: Called about twice a second.
    """

    request: ScanRequest
    engine: Engine
    files: Files
    quarantine: Quarantine
    clock: Callable[[], datetime]
    on_detection: Callable[[Detection], None]
    on_progress: Callable[[ScanCounts], None] = field(default=lambda counts: None)
    own_folders: Sequence[str] = ()
    counts: ScanCounts = field(default_factory=ScanCounts)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _reported_at: float = 0.0

    def run(self) -> bool:
        """Scan everything; True when complete, False when cancelled.

        Raises:
            EngineUnavailableError: The engine went away; what was not examined is not called clean.
        """
        left_out = [*self.files.always_excluded, *self.own_folders, *self.request.exclusions]
        exclusions = Exclusions(left_out, self.files.comparable)
        for found in Walk(self.files, exclusions, self._count_unreadable).found(self.request.targets):
            if self.cancelled.is_set():
                return False
            self.counts.current = display_path(found.path)
            self.examine(found)
            self._report_progress()
        self.counts.current = ""
        self.on_progress(self.counts)
        return True

    def examine(self, found: FoundFile) -> Detection | None:
        """Examine one file and act on what is found; unreadable files are counted, never silently clean."""
        try:
            descriptor = found.open()
        except FileNotFoundError:
            return None
        except OSError:
            self._count_unreadable(found.path)
            return None
        try:
            return self._examine_open(found, descriptor)
        except EngineUnavailableError:
            raise
        except (EngineError, OSError):
            self._count_unreadable(found.path)
            return None
        finally:
            os.close(descriptor)

    def _examine_open(self, found: FoundFile, descriptor: int) -> Detection | None:
        size_bytes = os.fstat(descriptor).st_size
        if 0 < self.request.max_file_bytes < size_bytes:
            self._count_unreadable(found.path)
            return None
        with open(descriptor, "rb", closefd=False) as file:
            finding = self.engine.examine(file, size_bytes=size_bytes)
        self.counts.scanned += 1
        self.counts.scanned_bytes += size_bytes
        if finding is None:
            return None
        sha256 = file_sha256(descriptor)
        return None if self.quarantine.is_allowed(sha256) else self._act(found, descriptor, finding, sha256)

    def _act(self, found: FoundFile, descriptor: int, finding: Finding, sha256: str) -> Detection:
        item, failure, detection = None, "", uuid.uuid4().hex
        if self.request.is_quarantining:
            try:
                item = self.quarantine.take(found, descriptor, finding, detection=detection, now=self.clock())
                self.counts.quarantined += 1
            except (OSError, QuarantineRaceError, DiskFullError) as error:
                failure = str(error)
        result = Detection(
            detection=detection, path=display_path(found.path), sha256=sha256,
            size_bytes=os.fstat(descriptor).st_size, finding=finding, item=item, failure=failure,
        )  # fmt: skip
        self.counts.detected += 1
        self.on_detection(result)
        return result

    def _count_unreadable(self, path: str) -> None:
        self.counts.unreadable += 1
        if len(self.counts.unreadable_names) < MAX_NAMED_UNREADABLE:
            self.counts.unreadable_names.append(display_path(path))

    def _report_progress(self) -> None:
        now = time.monotonic()
        if now - self._reported_at >= PROGRESS_EVERY_SECONDS:
            self._reported_at = now
            self.on_progress(self.counts)


def file_sha256(descriptor: int) -> str:
    """Digest of an open file, hex."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    with open(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
