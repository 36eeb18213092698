"""What Defender says of itself, out of recorded or fresh answers. Pure.

A property that is missing (older Windows), empty, or in somebody's own writing is "not told"; nothing is guessed better
than it is told.

Source:
    Microsoft Learn, MSFT_MpComputerStatus, MSFT_MpThreat, MSFT_MpThreatDetection.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.vocabulary import DetectionAction, EngineMode, Severity

from seatkeep_endpoint.defender.values import days_ago, items, micros, records, text, texts, truth, whole
from seatkeep_endpoint.defender.words import (
    ACTIONS,
    MODES,
    CleaningAction,
    ThreatSeverity,
    ThreatStatus,
    category,
    number,
)

UNFINISHED = frozenset({ThreatStatus.UNKNOWN, ThreatStatus.DETECTED})
FILE_RESOURCES = ("file:_", "containerfile:_", "webfile:_")
SEVERITIES = {ThreatSeverity.LOW: Severity.INFO}


@dataclass(frozen=True)
class DefenderStatus:
    """How Defender is.

    Attributes:
        mode: How it stands on this machine.
        is_on_access_running: It checks files as they are opened.
        signatures_at_us: When its signatures were made, µs since 1970; None when it has none or does not tell.
        parts: What of it is enabled, by the name of WMI's property; None where this Windows does not tell.
    """

    mode: EngineMode
    is_on_access_running: bool
    is_tamper_protected: bool
    version: str
    signatures_version: str
    signatures_at_us: int | None
    last_quick_scan_at_us: int | None
    last_full_scan_at_us: int | None
    parts: Mapping[str, bool | None]

    def capabilities(self) -> Capabilities:
        """What Defender declares; on-access only where it is the one that protects."""
        is_active = self.mode is EngineMode.ACTIVE
        return Capabilities(
            is_running=self.mode is not EngineMode.OFF,
            scheduled=is_active,
            has_on_access=is_active,
            is_on_access_running=is_active and self.is_on_access_running,
            self_protection=self.is_tamper_protected,
            signatures_at_us=self.signatures_at_us,
        )


PARTS = (
    "AMServiceEnabled", "AntivirusEnabled", "AntispywareEnabled", "RealTimeProtectionEnabled",
    "OnAccessProtectionEnabled", "IoavProtectionEnabled", "BehaviorMonitorEnabled", "NISEnabled",
)  # fmt: skip


def status_read(raw: Mapping[str, Any], now: datetime) -> DefenderStatus:
    """Read MSFT_MpComputerStatus.

    Args:
        raw: Its properties.
        now: Current time, aware UTC; for ages in days, where no date is told.
    """
    parts = {name: truth(raw.get(name)) for name in PARTS}
    made_at = micros(raw.get("AntivirusSignatureLastUpdated"))
    age = days_ago(whole(raw.get("AntivirusSignatureAge")), now)
    return DefenderStatus(
        mode=mode_read(raw, parts),
        is_on_access_running=parts["RealTimeProtectionEnabled"] is True
        and parts["OnAccessProtectionEnabled"] is not False
        and parts["AntivirusEnabled"] is not False,
        is_tamper_protected=truth(raw.get("IsTamperProtected")) is True,
        version=text(raw.get("AMProductVersion"))[:255],
        signatures_version=text(raw.get("AntivirusSignatureVersion"))[:255],
        signatures_at_us=made_at if made_at is not None else age,
        last_quick_scan_at_us=micros(raw.get("QuickScanEndTime")),
        last_full_scan_at_us=micros(raw.get("FullScanEndTime")),
        parts=parts,
    )


def mode_read(raw: Mapping[str, Any], parts: Mapping[str, bool | None]) -> EngineMode:
    """How Defender stands; on a Windows that does not say it, what follows from what is enabled.

    A service that is off is off, whatever else is said. Antivirus that is off while the service runs is how passive
    mode looks on a Windows without `AMRunningMode` (Server 2016, where another product protects).
    """
    if parts["AMServiceEnabled"] is False:
        return EngineMode.OFF
    told = MODES.get(text(raw.get("AMRunningMode")).strip().lower())
    if told is not None:
        return told
    if parts["AMServiceEnabled"] is None and parts["AntivirusEnabled"] is None:
        return EngineMode.OFF
    return EngineMode.PASSIVE if parts["AntivirusEnabled"] is False else EngineMode.ACTIVE


@dataclass(frozen=True)
class DefenderThreat:
    """One detection with what is known of the threat.

    Attributes:
        detection: Defender's id of the detection.
        path: The first file, else the first thing of another kind (a registry key, a process); "" when none is told.
        is_file: `path` is a file that can be put back.
        is_active: It is not dealt with, and Defender counts the threat as active.
        detected_at_us: When, µs since 1970; 0 when not told.
    """

    detection: uuid.UUID
    threat_id: int
    name: str
    severity: ThreatSeverity
    category: str
    status: ThreatStatus
    cleaning: CleaningAction
    path: str
    is_file: bool
    user: str
    is_active: bool
    detected_at_us: int
    changed_at_us: int

    @property
    def is_settled(self) -> bool:
        """Whether Defender has done with it, well or badly."""
        return self.status not in UNFINISHED

    @property
    def is_test(self) -> bool:
        """Whether it is a test file that does no harm."""
        return "EICAR" in self.name.upper()

    @property
    def action(self) -> DetectionAction:
        """What became of it, as the manager hears it."""
        return ACTIONS.get(self.status, DetectionAction.FAILED)

    @property
    def wire_severity(self) -> Severity:
        """Worse while the threat is there."""
        is_there = self.action in (DetectionAction.NONE, DetectionAction.FAILED, DetectionAction.ALLOWED)
        return Severity.CRITICAL if is_there else SEVERITIES.get(self.severity, Severity.WARNING)


def threats_read(threats: object, detections: object) -> list[DefenderThreat]:
    """Merge Get-MpThreat and Get-MpThreatDetection: one entry for each detection, oldest first.

    A detection whose threat is not listed any more keeps its number as its name; records without an id are passed over.
    """
    known = {whole(threat.get("ThreatID")): threat for threat in records(threats)}
    found = (_threat_read(raw, known.get(whole(raw.get("ThreatID")), {})) for raw in records(detections))
    return sorted((threat for threat in found if threat is not None), key=lambda threat: threat.detected_at_us)


def _threat_read(raw: Mapping[str, Any], threat: Mapping[str, Any]) -> DefenderThreat | None:
    try:
        detection = uuid.UUID(text(raw.get("DetectionID")).strip("{}"))
    except ValueError:
        return None
    status = number(ThreatStatus, raw.get("ThreatStatusID"))
    detected_at_us = micros(raw.get("InitialDetectionTime")) or 0
    path, is_file = resource_path(texts(raw.get("Resources")) or texts(threat.get("Resources")))
    threat_id = whole(raw.get("ThreatID")) or 0
    return DefenderThreat(
        detection=detection,
        threat_id=threat_id,
        name=(text(threat.get("ThreatName")) or f"threat {threat_id}")[:255],
        severity=number(ThreatSeverity, threat.get("SeverityID")),
        category=category(threat.get("CategoryID")),
        status=status,
        cleaning=number(CleaningAction, raw.get("CleaningActionID")),
        path=path,
        is_file=is_file,
        user=text(raw.get("DomainUser"))[:255],
        # The history keeps entries as they were; the threat itself says whether it is still there.
        is_active=(status in UNFINISHED or status not in ACTIONS) and truth(threat.get("IsActive")) is not False,
        detected_at_us=detected_at_us,
        changed_at_us=micros(raw.get("LastThreatStatusChangeTime")) or detected_at_us,
    )


def resource_path(resources: list[str]) -> tuple[str, bool]:
    """Where a threat was, and whether that is a plain file.

    Resources read "file:_C:\\a.exe", "containerfile:_C:\\a.zip", "file:_C:\\a.zip->b.exe", "webfile:_C:\\a.exe|https://…",
    "regkey:_HKLM@…", "process:_pid:4,…".
    """
    for resource in resources:
        for prefix in FILE_RESOURCES:
            if resource.startswith(prefix):
                path = resource.removeprefix(prefix).split("|")[0]
                return path, prefix == FILE_RESOURCES[0] and "->" not in path
    return (resources[0], False) if resources else ("", False)


def first_record(part: object) -> dict[str, Any]:
    """The one object that a class like MSFT_MpComputerStatus has; empty when there is none."""
    found = records(items(part))
    return found[0] if found else {}
