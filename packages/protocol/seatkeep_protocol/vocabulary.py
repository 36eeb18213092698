"""Words that several programs share. The value on the wire is the name."""

from __future__ import annotations

from enum import StrEnum


class DeviceKind(StrEnum):
    """What sort of machine a device is."""

    WORKSTATION = "WORKSTATION"
    SERVER = "SERVER"
    MOBILE = "MOBILE"


class OsFamily(StrEnum):
    """The family of an operating system."""

    LINUX = "LINUX"
    WINDOWS = "WINDOWS"
    MACOS = "MACOS"
    ANDROID = "ANDROID"
    IOS = "IOS"


class Severity(StrEnum):
    """How bad something is, rising."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class EngineKind(StrEnum):
    """What finds malware."""

    YARA = "yara"
    CLAMD = "clamd"


class ScanMethod(StrEnum):
    """Who scans, and how: our own engine, or Microsoft Defender."""

    SEATKEEP = "SEATKEEP"
    DEFENDER_QUICK = "DEFENDER_QUICK"
    DEFENDER_FULL = "DEFENDER_FULL"
    DEFENDER_CUSTOM = "DEFENDER_CUSTOM"


class EngineMode(StrEnum):
    """How an engine beside our own stands on the machine.

    PASSIVE: another product protects, this one only scans when asked. BLOCKING: passive, but it ends what it finds
    running. OFF: it does not run.
    """

    ACTIVE = "ACTIVE"
    PASSIVE = "PASSIVE"
    BLOCKING = "BLOCKING"
    OFF = "OFF"


class ProtectionStatus(StrEnum):
    """The one meaning of "protected" (see `protection`)."""

    PROTECTED = "PROTECTED"
    SCAN_ONLY = "SCAN_ONLY"
    TEST_RULES = "TEST_RULES"
    NOT_PROTECTED = "NOT_PROTECTED"


class ProtectionReason(StrEnum):
    """Why a device is not fully protected."""

    NO_ENDPOINT = "NO_ENDPOINT"
    LICENSE_MISSING = "LICENSE_MISSING"
    LICENSE_LAPSED = "LICENSE_LAPSED"
    LICENSE_STOPPED = "LICENSE_STOPPED"
    ENGINE_STOPPED = "ENGINE_STOPPED"
    ON_ACCESS_STOPPED = "ON_ACCESS_STOPPED"
    SIGNATURES_MISSING = "SIGNATURES_MISSING"
    SIGNATURES_OLD = "SIGNATURES_OLD"
    THREAT_OPEN = "THREAT_OPEN"
    NO_ON_ACCESS = "NO_ON_ACCESS"
    TEST_RULES_ONLY = "TEST_RULES_ONLY"


class LicenseState(StrEnum):
    """How an endpoint stands with its license.

    ACTIVE and SOFT_EXPIRED are in order; LAPSED still protects without updates; STOPPED does not protect;
    REFUSED means that the hub gave no seat (`license_error` says why).
    """

    NONE = "NONE"
    ACTIVE = "ACTIVE"
    SOFT_EXPIRED = "SOFT_EXPIRED"
    LAPSED = "LAPSED"
    STOPPED = "STOPPED"
    REFUSED = "REFUSED"


class TaskRunState(StrEnum):
    """How far one device is with one task."""

    WAITING = "WAITING"
    RECEIVED = "RECEIVED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    SUPPRESSED = "SUPPRESSED"
    """A trigger fired too soon after the last time; nothing was done."""


class DetectionAction(StrEnum):
    """What the engine did about a detection; FAILED: it tried, and the threat is still there."""

    NONE = "NONE"
    QUARANTINED = "QUARANTINED"
    CLEANED = "CLEANED"
    REMOVED = "REMOVED"
    BLOCKED = "BLOCKED"
    ALLOWED = "ALLOWED"
    FAILED = "FAILED"


class QuarantineState(StrEnum):
    """Where a quarantined file is."""

    HELD = "HELD"
    RESTORED = "RESTORED"
    DELETED = "DELETED"
    FAILED = "FAILED"


class InstallStep(StrEnum):
    """A step of a live installation, in order; the value stands in the progress call."""

    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    ENROLLED = "enrolled"
    ACTIVATED = "activated"
    PROTECTED = "protected"
