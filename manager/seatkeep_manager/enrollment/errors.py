"""What can go wrong while a device joins; each docstring is fit for a person."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class TokenNotFoundError(NotFoundError):
    """There is no such key, or you may not see it."""

    code = "token_not_found"


class KeyUnknownError(NotAllowedError):
    """This key is not known here; copy the command from the console again."""

    code = "key_unknown"


class RequestInvalidError(InvalidError):
    """The request is not signed rightly or something in it is missing or wrong."""

    code = "request_invalid"


class RequestClockSkewError(InvalidError):
    """The clock of this machine is wrong by more than two minutes."""

    code = "clock_skew"

    def __init__(self, now: datetime) -> None:
        """Carry the server's time so that the agent can judge by it."""
        super().__init__(extra={"server_time_us": int(now.timestamp() * 1_000_000)})


class RequestReplayedError(ConflictError):
    """This request was sent before; ask again with a fresh one."""

    code = "replayed"


class EnrollmentRejectedError(NotAllowedError):
    """An administrator rejected this device."""

    code = "rejected"


class DeviceUnknownError(NotAllowedError):
    """This device is not enrolled here, or not by this key."""

    code = "device_unknown"


class EnrollmentRequestNotFoundError(NotFoundError):
    """There is no such device waiting, or you may not see it."""

    code = "enrollment_request_not_found"


class EnrollmentRequestDecidedError(ConflictError):
    """Somebody has decided about this device already."""

    code = "enrollment_request_decided"


class DeploymentKeyExistsError(ConflictError):
    """This customer has a deployment key already; rotate it instead."""

    code = "deployment_key_exists"
