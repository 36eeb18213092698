"""Pure decisions about detections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from seatkeep_protocol.vocabulary import DetectionAction, QuarantineState, Severity

from seatkeep_manager.detections.enums import Resolution


@dataclass(frozen=True)
class DetectionReport:
    """What a device says it found."""

    uid: UUID
    device_id: int
    at: datetime
    product: str
    engine: str
    name: str
    severity: Severity
    path: str
    sha256: str
    size_bytes: int
    action: DetectionAction
    is_test: bool
    run_uid: UUID | None
    item_uid: UUID | None
    user_name: str


@dataclass(frozen=True)
class QuarantineReport:
    """What a device says became of a file it locked away."""

    item_uid: UUID
    device_id: int
    state: QuarantineState
    at: datetime
    path: str
    sha256: str
    size_bytes: int
    name: str
    detection_uid: UUID | None
    detail: str


_ENDED_BY = frozenset({DetectionAction.CLEANED, DetectionAction.REMOVED, DetectionAction.BLOCKED})


def resolution_at_once(action: DetectionAction) -> Resolution | None:
    """How a detection is closed as it is reported: nothing is left for a person where the engine ended the threat."""
    return Resolution.HANDLED if action in _ENDED_BY else None


def resolution_of(state: QuarantineState) -> Resolution | None:
    """How a detection is closed by what became of its file.

    While the file lies in quarantine the detection stays open: a person still has to decide whether it may go back.
    """
    return {QuarantineState.DELETED: Resolution.DELETED, QuarantineState.RESTORED: Resolution.RESTORED}.get(state)


def quarantine_report_counts(*, changed_at: datetime | None, report: QuarantineReport) -> bool:
    """Whether a report is newer than what is known; reports may come twice and in any order."""
    return changed_at is None or report.at > changed_at
