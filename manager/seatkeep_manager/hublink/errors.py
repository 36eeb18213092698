"""What can go wrong between this console and Licensing; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, NotAllowedError, NotFoundError, UnavailableError


class HubUnreachableError(UnavailableError):
    """Licensing does not answer; the console keeps trying by itself."""

    code = "hub_unreachable"
    message = _("Licensing does not answer; the console keeps trying by itself.")


class HubNonsenseError(UnavailableError):
    """Licensing answered with something that is not part of the agreed protocol."""

    code = "hub_nonsense"
    message = _("Licensing answered with something that is not part of the agreed protocol.")


class HubRefusedError(ConflictError):
    """Licensing understood the request and refused it."""

    code = "hub_refused"
    message = _("Licensing understood the request and refused it.")


class HubNotLinkedError(ConflictError):
    """This console is not connected to Licensing yet."""

    code = "hub_not_linked"
    message = _("This console is not connected to Licensing yet.")


class HubAlreadyLinkedError(ConflictError):
    """This console is connected to Licensing already."""

    code = "hub_already_linked"
    message = _("This console is connected to Licensing already.")


class SetupTokenWrongError(NotAllowedError):
    """This is not the link that was printed at the start of the console."""

    code = "setup_token_wrong"
    message = _("This is not the link that was printed when Seatkeep was started. `seatkeep status` prints it again.")


class CursorGoneError(ConflictError):
    """Licensing no longer knows the reading position; everything has to be read again."""

    code = "cursor_gone"
    message = _("Licensing no longer knows the reading position; everything has to be read again.")


class SyncBusyError(ConflictError):
    """A synchronization is running already."""

    code = "sync_running"
    message = _("A synchronization is running already.")


class NothingHeldError(ConflictError):
    """This synchronization does not ask anything, or a later one has read everything since."""

    code = "nothing_held"
    message = _("This synchronization does not ask anything, or a later one has read everything since.")


class CompanyNotFoundError(NotFoundError):
    """There is no such customer, or you may not see it."""

    code = "customer_not_found"
    message = _("There is no such customer, or you may not see it.")


class LicenseNotFoundError(NotFoundError):
    """There is no such license, or you may not see it."""

    code = "license_not_found"
    message = _("There is no such license, or you may not see it.")
