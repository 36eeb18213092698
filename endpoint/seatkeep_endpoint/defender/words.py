"""The numbers of Defender's WMI classes, by their documented names; a number that nobody documented is UNKNOWN.

Source:
    Microsoft Learn, "Windows Defender WMIv2 APIs": MSFT_MpThreat, MSFT_MpThreatDetection, MSFT_MpPreference.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from seatkeep_protocol.vocabulary import DetectionAction, EngineMode

NumberT = TypeVar("NumberT", bound=IntEnum)


class ThreatSeverity(IntEnum):
    """MSFT_MpThreat.SeverityID."""

    UNKNOWN = 0
    LOW = 1
    MODERATE = 2
    HIGH = 4
    SEVERE = 5


class ThreatStatus(IntEnum):
    """MSFT_MpThreatDetection.ThreatStatusID."""

    UNKNOWN = 0
    DETECTED = 1
    CLEANED = 2
    QUARANTINED = 3
    REMOVED = 4
    ALLOWED = 5
    BLOCKED = 6
    QUARANTINE_FAILED = 102
    REMOVE_FAILED = 103
    ALLOW_FAILED = 104
    ABANDONED = 105
    BLOCK_FAILED = 107


class CleaningAction(IntEnum):
    """MSFT_MpThreatDetection.CleaningActionID."""

    UNKNOWN = 0
    CLEAN = 1
    QUARANTINE = 2
    REMOVE = 3
    ALLOW = 6
    USER_DEFINED = 8
    NO_ACTION = 9
    BLOCK = 10


CATEGORIES = (
    "INVALID", "ADWARE", "SPYWARE", "PASSWORD_STEALER", "TROJAN_DOWNLOADER", "WORM", "BACKDOOR",
    "REMOTE_ACCESS_TROJAN", "TROJAN", "EMAIL_FLOODER", "KEYLOGGER", "DIALER", "MONITORING_SOFTWARE", "BROWSER_MODIFIER",
    "COOKIE", "BROWSER_PLUGIN", "AOL_EXPLOIT", "NUKER", "SECURITY_DISABLER", "JOKE_PROGRAM", "HOSTILE_ACTIVEX_CONTROL",
    "SOFTWARE_BUNDLER", "STEALTH_NOTIFIER", "SETTINGS_MODIFIER", "TOOLBAR", "REMOTE_CONTROL_SOFTWARE", "TROJAN_FTP",
    "POTENTIALLY_UNWANTED_SOFTWARE", "ICQ_EXPLOIT", "TROJAN_TELNET", "EXPLOIT", "FILE_SHARING_PROGRAM",
    "MALWARE_CREATION_TOOL", "REMOTE_CONTROL_SOFTWARE", "TOOL", "UNKNOWN", "TROJAN_DENIAL_OF_SERVICE",
    "TROJAN_DROPPER", "TROJAN_MASS_MAILER", "TROJAN_MONITORING_SOFTWARE", "TROJAN_PROXY_SERVER", "UNKNOWN", "VIRUS",
    "KNOWN", "UNKNOWN", "SPP", "BEHAVIOR", "VULNERABILITY", "POLICY",
)  # fmt: skip
"""MSFT_MpThreat.CategoryID, by its number."""

ACTIONS = {
    ThreatStatus.UNKNOWN: DetectionAction.NONE,
    ThreatStatus.DETECTED: DetectionAction.NONE,
    ThreatStatus.CLEANED: DetectionAction.CLEANED,
    ThreatStatus.QUARANTINED: DetectionAction.QUARANTINED,
    ThreatStatus.REMOVED: DetectionAction.REMOVED,
    ThreatStatus.ALLOWED: DetectionAction.ALLOWED,
    ThreatStatus.BLOCKED: DetectionAction.BLOCKED,
}
"""What became of a threat; whatever is not here failed."""

MODES = {
    "normal": EngineMode.ACTIVE,
    "passive mode": EngineMode.PASSIVE,
    "sxs passive mode": EngineMode.PASSIVE,
    "edr block mode": EngineMode.BLOCKING,
    "not running": EngineMode.OFF,
}
"""MSFT_MpComputerStatus.AMRunningMode, in small letters."""


def number(kind: type[NumberT], value: object) -> NumberT:
    """A documented number, or UNKNOWN."""
    try:
        return kind(int(str(value)))
    except ValueError:
        return kind(0)


def category(value: object) -> str:
    """A threat's category by its number."""
    text = str(value)
    place = int(text) if text.isdecimal() else -1
    return CATEGORIES[place] if 0 <= place < len(CATEGORIES) else "UNKNOWN"
