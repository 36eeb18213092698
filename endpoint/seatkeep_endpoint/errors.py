"""Errors of the endpoint, each with a stable code for the agent."""

from __future__ import annotations

from typing import ClassVar


class EndpointError(Exception):
    """Base of all errors that the endpoint tells the agent about."""

    code: ClassVar[str] = "endpoint_error"


class PlatformUnsupportedError(EndpointError):
    """This operating system has no platform implementation."""

    code = "platform_unsupported"


class AlreadyRunningError(EndpointError):
    """Another endpoint runs below this root."""

    code = "already_running"


class EngineError(EndpointError):
    """The engine could not examine the file."""

    code = "engine_error"


class EngineUnavailableError(EngineError):
    """The engine does not answer."""

    code = "engine_unavailable"


class NotProtectingError(EndpointError):
    """No seat allows this product to protect now."""

    code = "not_protecting"


class RetiredError(EndpointError):
    """This endpoint leaves the machine and takes no seat any more."""

    code = "retired"


class ScanBusyError(EndpointError):
    """Another scan runs already."""

    code = "scan_busy"


class ScanKnownError(EndpointError):
    """A scan of this id began before; it does not begin again."""

    code = "scan_known"


class ScanUnknownError(EndpointError):
    """There is no such scan."""

    code = "scan_unknown"


class ScanTargetError(EndpointError):
    """None of the folders and files to scan exists."""

    code = "scan_target_missing"


class WatchUnavailableError(EndpointError):
    """Folders cannot be watched here."""

    code = "watch_unavailable"


class QuarantineUnknownError(EndpointError):
    """There is no such file in quarantine."""

    code = "quarantine_unknown"


class QuarantineDamagedError(EndpointError):
    """The quarantined copy does not match what was put in."""

    code = "quarantine_damaged"


class RestoreTargetExistsError(EndpointError):
    """A file exists already at the original path."""

    code = "restore_target_exists"


class RestorePathChangedError(EndpointError):
    """The original folder is gone or has become a link to somewhere else."""

    code = "restore_path_changed"


class QuarantineRaceError(EndpointError):
    """The file at the path is not the file that was scanned."""

    code = "quarantine_race"


class ArgumentError(EndpointError):
    """The request lacks an argument or has one of the wrong kind."""

    code = "argument_invalid"


class DiskFullError(EndpointError):
    """The disk is full; nothing was changed."""

    code = "disk_full"


class DefenderError(EndpointError):
    """Microsoft Defender could not do what was asked."""

    code = "defender_error"


class DefenderAbsentError(DefenderError):
    """There is no Microsoft Defender on this machine, or it cannot be spoken to."""

    code = "defender_absent"


class DefenderUnheardError(DefenderAbsentError):
    """Nobody can say how Microsoft Defender is: PowerShell is missing or held back, or its answer makes no sense."""

    code = "defender_unheard"


class DefenderRefusedError(DefenderError):
    """Microsoft Defender, or Windows in its name, said no."""

    code = "defender_refused"


class HubError(EndpointError):
    """The hub refused the request for good.

    Attributes:
        problem: The `code` of the hub's problem+json answer (wire §4).
        server_time_us: The hub's clock, microseconds since 1970, when it said it.
    """

    code = "hub_refused"

    def __init__(self, problem: str, detail: str = "", server_time_us: int | None = None) -> None:
        super().__init__(detail or problem)
        self.problem = problem
        self.server_time_us = server_time_us


class HubUnreachableError(EndpointError):
    """The hub cannot be reached or does not make sense now; the request may be tried again."""

    code = "hub_unreachable"

    def __init__(self, detail: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
