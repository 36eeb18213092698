"""What can go wrong while a device joins; each docstring is fit for a person."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class TokenNotFoundError(NotFoundError):
    """There is no such key, or you may not see it."""

    code = "token_not_found"
    message = _("There is no such key, or you may not see it.")


class KeyUnknownError(NotAllowedError):
    """This key is not known here; copy the command from the console again."""

    code = "key_unknown"
    message = _("This key is not known here; copy the command from the console again.")


class RequestInvalidError(InvalidError):
    """The request is not signed rightly or something in it is missing or wrong."""

    code = "request_invalid"
    message = _("The request is not signed rightly or something in it is missing or wrong.")


class RequestClockSkewError(InvalidError):
    """The clock of this machine is wrong by more than two minutes."""

    code = "clock_skew"
    message = _("The clock of this machine is wrong by more than two minutes.")

    def __init__(self, now: datetime) -> None:
        """Carry the server's time so that the agent can judge by it."""
        super().__init__(server_time_us=int(now.timestamp() * 1_000_000))


class EnrollmentRejectedError(NotAllowedError):
    """An administrator rejected this device."""

    code = "rejected"
    message = _("An administrator rejected this device.")


class DeviceUnknownError(NotAllowedError):
    """This device is not enrolled here, or not by this key."""

    code = "device_unknown"
    message = _("This device is not enrolled here, or not by this key.")


class EnrollmentRequestNotFoundError(NotFoundError):
    """There is no such device waiting, or you may not see it."""

    code = "enrollment_request_not_found"
    message = _("There is no such device waiting, or you may not see it.")


class EnrollmentRequestDecidedError(ConflictError):
    """Somebody has decided about this device already."""

    code = "enrollment_request_decided"
    message = _("Somebody has decided about this device already.")


class DeploymentKeyExistsError(ConflictError):
    """This customer has a deployment key already; rotate it instead."""

    code = "deployment_key_exists"
    message = _("This customer has a deployment key already; rotate it instead.")


class KeyRevokedError(ConflictError):
    """This key was revoked; make a new one instead."""

    code = "key_revoked"
    message = _("This key was revoked; make a new one instead.")
