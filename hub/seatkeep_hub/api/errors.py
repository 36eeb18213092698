"""Refusals of the API itself."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import NotAllowedError


class ReadOnlyTokenError(NotAllowedError):
    """This token may only read."""

    code = "read_only_token"
    message = _("This token may only read.")


class OnlyForInstancesError(NotAllowedError):
    """Only a linked console may call this."""

    code = "only_for_instances"
    message = _("Only a linked console may call this.")


class NotForInstancesError(NotAllowedError):
    """A linked console may not call this."""

    code = "not_for_instances"
    message = _("A linked console may not call this.")


class ScopeMissingError(NotAllowedError):
    """This token is not let into this part of the API."""

    code = "scope_missing"
    message = _("This token is not let into this part of the API.")


class ReauthenticationNeededError(NotAllowedError):
    """Please confirm your password or second factor first."""

    code = "reauthentication_needed"
    message = _("Please confirm your password or second factor first.")
