"""Pure: which problems the facts of a device make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from seatkeep_protocol.vocabulary import ProtectionReason

from seatkeep_manager.directory.enums import ProtectionStatus
from seatkeep_manager.problems.enums import ProblemKind, ProblemSeverity

SILENT_AFTER = timedelta(days=2)
SILENT_RED_AFTER = timedelta(days=14)
TASK_FAILED_FOR = timedelta(days=7)
POLICY_GAP_AFTER = timedelta(minutes=10)
NO_ENDPOINT_AFTER = timedelta(minutes=30)
LINK_BROKEN_AFTER = timedelta(minutes=10)
NO_SEAT_ERROR = "no_seat_left"

DEVICE_KINDS = (
    ProblemKind.OPEN_DETECTION,
    ProblemKind.NOT_PROTECTED,
    ProblemKind.SCAN_ONLY,
    ProblemKind.NO_SEAT,
    ProblemKind.SILENT,
    ProblemKind.TASK_FAILED,
    ProblemKind.POLICY_GAP,
    ProblemKind.ENGINE_DIFFERS,
)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: ProblemKind
    severity: ProblemSeverity
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DeviceFacts:
    """What is known of one managed device."""

    protection: ProtectionStatus
    reasons: tuple[str, ...]
    lease_error: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    is_online: bool
    open_detections: int
    open_unhandled: int
    """Of these, findings whose file is not in quarantine."""
    failed_tasks: tuple[str, ...]
    """Kinds of tasks whose newest run failed not longer than 7 days ago."""
    gap_since: datetime | None
    """When the oldest document was published that the device does not obey yet."""
    engine_differences: tuple[str, ...] = ()
    """Settings of another vendor's engine that are not as policies want, by name."""


def device_findings(facts: DeviceFacts, *, now: datetime) -> list[Finding]:
    """Everything that is wrong with a managed device; what one finding explains, no second one repeats."""
    return [*_detection(facts), *_protection(facts, now), *_seat(facts), *_presence(facts, now), *_work(facts, now)]


def _detection(facts: DeviceFacts) -> Iterator[Finding]:
    if facts.open_detections:
        severity = ProblemSeverity.RED if facts.open_unhandled else ProblemSeverity.AMBER
        yield Finding(ProblemKind.OPEN_DETECTION, severity, {"count": facts.open_detections})


def _protection(facts: DeviceFacts, now: datetime) -> Iterator[Finding]:
    if facts.protection == ProtectionStatus.UNKNOWN and now - facts.enrolled_at >= NO_ENDPOINT_AFTER:
        reasons = [ProtectionReason.NO_ENDPOINT.value]
        yield Finding(ProblemKind.NOT_PROTECTED, ProblemSeverity.RED, {"reasons": reasons})
    if facts.protection == ProtectionStatus.NOT_PROTECTED and (reasons := _unexplained(facts)):
        yield Finding(ProblemKind.NOT_PROTECTED, ProblemSeverity.RED, {"reasons": reasons})
    if facts.protection == ProtectionStatus.SCAN_ONLY:
        yield Finding(ProblemKind.SCAN_ONLY, ProblemSeverity.AMBER)


def _unexplained(facts: DeviceFacts) -> list[str]:
    explained = set()
    if facts.lease_error == NO_SEAT_ERROR:
        explained.add(ProtectionReason.LICENSE_MISSING.value)
    if facts.open_detections:
        explained.add(ProtectionReason.THREAT_OPEN.value)
    return [reason for reason in facts.reasons if reason not in explained]


def _seat(facts: DeviceFacts) -> Iterator[Finding]:
    if facts.lease_error == NO_SEAT_ERROR:
        yield Finding(ProblemKind.NO_SEAT, ProblemSeverity.RED)


def _presence(facts: DeviceFacts, now: datetime) -> Iterator[Finding]:
    silence = now - (facts.last_seen_at or facts.enrolled_at)
    if silence >= SILENT_AFTER:
        is_red = silence >= SILENT_RED_AFTER
        yield Finding(ProblemKind.SILENT, ProblemSeverity.RED if is_red else ProblemSeverity.AMBER)


def _work(facts: DeviceFacts, now: datetime) -> Iterator[Finding]:
    if facts.failed_tasks:
        yield Finding(ProblemKind.TASK_FAILED, ProblemSeverity.AMBER, {"kinds": list(facts.failed_tasks)})
    if facts.is_online and facts.gap_since is not None and now - facts.gap_since >= POLICY_GAP_AFTER:
        yield Finding(ProblemKind.POLICY_GAP, ProblemSeverity.AMBER)
    if facts.engine_differences:
        yield Finding(ProblemKind.ENGINE_DIFFERS, ProblemSeverity.AMBER, {"settings": list(facts.engine_differences)})
