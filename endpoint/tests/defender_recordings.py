"""What Defender's classes give, after Microsoft's documentation, as our scripts hand it on; a runner repeats it.

Nobody here has a Windows: `seatkeep-endpoint self-test` on a real one is what can prove these wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from seatkeep_endpoint.defender.runner import Script
from seatkeep_endpoint.errors import DefenderError, DefenderRefusedError

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEVER = "/Date(-62135596800000)/"


def ago(*, days: float = 0, minutes: float = 0) -> str:
    """An instant before NOW, as Windows PowerShell 5.1 writes it."""
    return f"/Date({int((NOW.timestamp() - days * 86_400 - minutes * 60) * 1000)})/"


# Get-MpComputerStatus on Windows 11.
STATUS: dict[str, Any] = {
    "AMEngineVersion": "1.1.26100.9",
    "AMProductVersion": "4.18.26100.9",
    "AMRunningMode": "Normal",
    "AMServiceEnabled": True,
    "AMServiceVersion": "4.18.26100.9",
    "AntispywareEnabled": True,
    "AntispywareSignatureAge": 0,
    "AntispywareSignatureLastUpdated": ago(minutes=300),
    "AntispywareSignatureVersion": "1.441.100.0",
    "AntivirusEnabled": True,
    "AntivirusSignatureAge": 0,
    "AntivirusSignatureLastUpdated": ago(minutes=300),
    "AntivirusSignatureVersion": "1.441.100.0",
    "BehaviorMonitorEnabled": True,
    "ComputerID": "A69DA5B8-06B3-4A00-B2C1-D18ED66BAD40",
    "ComputerState": 0,
    "FullScanAge": 4294967295,
    "FullScanEndTime": None,
    "FullScanStartTime": None,
    "IoavProtectionEnabled": True,
    "IsTamperProtected": True,
    "LastFullScanSource": 0,
    "LastQuickScanSource": 2,
    "NISEnabled": True,
    "NISEngineVersion": "1.1.26100.9",
    "OnAccessProtectionEnabled": True,
    "QuickScanAge": 0,
    "QuickScanEndTime": ago(minutes=60),
    "QuickScanStartTime": ago(minutes=65),
    "RealTimeProtectionEnabled": True,
    "RealTimeScanDirection": 0,
}

# Windows Server 2016: neither AMRunningMode nor IsTamperProtected; dates as PowerShell wraps some of them.
SERVER_2016 = {
    name: value
    for name, value in STATUS.items()
    if name not in ("AMRunningMode", "IsTamperProtected", "AMProductVersion")
} | {"AntivirusSignatureLastUpdated": {"value": ago(minutes=300), "DisplayHint": 2, "DateTime": "dimanche 22 novembre"}}

PASSIVE_SERVER = STATUS | {"AMRunningMode": "Passive Mode", "RealTimeProtectionEnabled": False}
OTHER_PRODUCT = STATUS | {
    "AMRunningMode": "Not running", "AMServiceEnabled": False, "AntivirusEnabled": False,
    "RealTimeProtectionEnabled": False, "OnAccessProtectionEnabled": False,
    "AntivirusSignatureLastUpdated": NEVER, "AntivirusSignatureAge": 65535,
}  # fmt: skip

# Get-MpPreference, as far as policies may set it.
PREFERENCE: dict[str, Any] = {
    "AttackSurfaceReductionRules_Actions": [1],
    "AttackSurfaceReductionRules_Ids": ["D4F940AB-401B-4EFC-AADC-AD5F3C50688A"],
    "CloudBlockLevel": 0,
    "DisableBehaviorMonitoring": False,
    "DisableIOAVProtection": False,
    "DisableRealtimeMonitoring": False,
    "EnableNetworkProtection": 0,
    "ExclusionExtension": None,
    "ExclusionPath": [r"C:\Data", r"D:\Backup"],
    "ExclusionProcess": "sqlservr.exe",
    "MAPSReporting": 2,
    "PUAProtection": 0,
    "ScanParameters": 1,
    "ScanScheduleDay": 0,
    "ScanScheduleTime": {"Ticks": 72_000_000_000, "Hours": 2, "Minutes": 0, "TotalMinutes": 120},
    "SignatureUpdateInterval": 0,
    "SubmitSamplesConsent": 1,
}

EICAR_ID, EICAR_DETECTION = 2147519003, "{8A6C5C9E-3F6E-4B6C-9F0A-1D2E3F405162}"
THREAT = {
    "CategoryID": 42, "DidThreatExecute": False, "IsActive": False, "Resources": None, "RollupStatus": 1,
    "SeverityID": 5, "ThreatID": EICAR_ID, "ThreatName": "Virus:DOS/EICAR_Test_File", "TypeID": 0,
}  # fmt: skip
DETECTION: dict[str, Any] = {
    "ActionSuccess": True, "AdditionalActionsBitMask": 0, "AMProductVersion": "4.18.26100.9", "CleaningActionID": 2,
    "CurrentThreatExecutionStatusID": 1, "DetectionID": EICAR_DETECTION, "DetectionSourceTypeID": 3,
    "DomainUser": r"PRAXIS\anna", "InitialDetectionTime": ago(minutes=5), "LastThreatStatusChangeTime": ago(minutes=4),
    "ProcessName": r"C:\Windows\explorer.exe", "RemediationTime": ago(minutes=4),
    "Resources": [r"file:_C:\Users\anna\Downloads\eicar.com"], "ThreatID": EICAR_ID, "ThreatStatusErrorCode": 0,
    "ThreatStatusID": 3,
}  # fmt: skip


def part(*found: Any) -> dict[str, Any]:
    """One class in the answer of look.ps1."""
    return {"ok": True, "found": list(found)}


def failed(identity: str, message: str = "") -> dict[str, Any]:
    """One class that could not be read."""
    return {"ok": False, "failure": {"id": identity, "message": message}}


def look(**parts: Any) -> dict[str, Any]:
    """The answer of look.ps1 on a healthy Windows 11 without threats, with some classes otherwise."""
    return {"status": part(STATUS), "preference": part(PREFERENCE), "threats": part(), "detections": part()} | parts


class RecordedRunner:
    """Repeats what was recorded, and follows changes of preferences as a willing Defender would.

    Attributes:
        asked: Every script with its data, every command.
        answers: By script; an error is raised. LOOK without one is a healthy machine.
        ignored: Preferences that "Windows does not take", without a word.
        refused: Settings for which a change fails, with the reason.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.answers: dict[Script, Any] = {}
        self.parts: dict[str, Any] = {}
        self.preference: dict[str, Any] = dict(PREFERENCE)
        self.ignored: set[str] = set()
        self.refused: dict[str, str] = {}
        self.command_error: DefenderError | None = None

    def ask(self, script: Script, data: Mapping[str, Any] | None = None, *, seconds: float = 0) -> Any:
        self.asked.append((script.value, data))
        if script in self.answers:
            if isinstance(answer := self.answers[script], DefenderError):
                raise answer
            return answer
        if script is Script.LOOK:
            return look(preference=part(self.preference)) | self.parts
        return self._prefer(data or {}) if script is Script.PREFER else None

    def command(self, arguments: Sequence[str], *, seconds: float = 0) -> str:
        self.asked.append(("MpCmdRun", list(arguments)))
        if self.command_error is not None:
            raise self.command_error
        return ""

    def close(self) -> None:
        self.answers = dict.fromkeys(Script, DefenderRefusedError("ended"))

    def scripts(self) -> list[str]:
        """What was asked, in order."""
        return [name for name, _ in self.asked]

    def _prefer(self, data: Mapping[str, Any]) -> dict[str, Any]:
        failures = {}
        for change in data["changes"]:
            if why := self.refused.get(change["setting"]):
                failures[change["setting"]] = {"id": "HRESULT 0x80070005,Set-MpPreference", "message": why}
                continue
            for name, value in change["arguments"].items():
                self._set(change["verb"], name, value)
        return {"failures": failures, "preference": part(self.preference)}

    def _set(self, verb: str, name: str, value: Any) -> None:
        if name in self.ignored:
            return
        present = self.preference.get(name)
        items = present if isinstance(present, list) else [present] if present else []
        if verb == "set":
            self.preference[name] = value
        elif verb == "add":
            self.preference[name] = [*items, *value]
        else:
            self.preference[name] = [item for item in items if item not in value]
