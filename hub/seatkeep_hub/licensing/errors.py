"""Business refusals of licensing. Codes of the device path are those of docs/reference/wire.md, section 4."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError, UnavailableError


class LicenseNotFoundError(NotFoundError):
    """There is no such license, or it is not yours."""

    code = "license_unknown"
    message = _("There is no such license, or it is not yours.")


class BundleNotFoundError(NotFoundError):
    """There is no such bundle."""

    code = "bundle_unknown"
    message = _("There is no such bundle.")


class LicenseFieldError(InvalidError):
    """A field of the license is not in order."""

    code = "license_field"
    message = _("A field of the license is not in order.")


class QuantityTooLowError(ConflictError):
    """Fewer seats than promised to customers are not possible; lower their agreements first."""

    code = "quantity_too_low"
    message = _("Fewer seats than promised to customers are not possible; lower their agreements first.")


class LicenseStateError(ConflictError):
    """The license's state does not allow this."""

    code = "license_state"
    message = _("The license's state does not allow this.")


class NodeOwnerError(InvalidError):
    """Seats can be given to the license's owner and companies below it only."""

    code = "node_owner"
    message = _("Seats can be given to the license's owner and companies below it only.")


class SeatNotFoundError(NotFoundError):
    """There is no such seat, or it is not yours."""

    code = "seat_unknown"
    message = _("There is no such seat, or it is not yours.")


class SeatNameError(InvalidError):
    """A seat's name has 1 to 200 characters that can be shown."""

    code = "seat_name"
    message = _("A seat's name has 1 to 200 characters that can be shown.")


class NoSeatLeftError(ConflictError):
    """Every seat is taken, and the license does not allow more."""

    code = "no_seat_left"
    message = _("Every seat is taken, and the license does not allow more.")


class ProductNotInLicenseError(ConflictError):
    """The license does not hold this product, or the customer has no share of it."""

    code = "product_not_in_license"
    message = _("The license does not hold this product, or the customer has no share of it.")


class LicenseSuspendedError(NotAllowedError):
    """The license is suspended."""

    code = "license_suspended"
    message = _("The license is suspended.")


class CompanySuspendedError(NotAllowedError):
    """The customer is suspended or removed."""

    code = "company_suspended"
    message = _("The customer is suspended or removed.")


class LicenseExpiredError(NotAllowedError):
    """The license has expired."""

    code = "license_expired"
    message = _("The license has expired.")


class SeatReleasedError(ConflictError):
    """The seat was given back or protection was stopped; activate again."""

    code = "seat_released"
    message = _("The seat was given back or protection was stopped; activate again.")


class DeviceReplacedError(ConflictError):
    """The same device was activated with another key since."""

    code = "device_replaced"
    message = _("The same device was activated with another key since.")


class ReplayedError(ConflictError):
    """This request is older than what was decided about the seat since; make a new one."""

    code = "replayed"
    message = _("This request is older than what was decided about the seat since; make a new one.")


class SeatBusyError(UnavailableError):
    """The seat is moving at this moment; try again."""

    code = "busy"
    message = _("The seat is moving at this moment; try again.")


class UndoOverError(ConflictError):
    """Protection can be resumed within 24 hours only; activate the computer anew."""

    code = "undo_over"
    message = _("Protection can be resumed within 24 hours only; activate the computer anew.")


class TooManySeatsError(InvalidError):
    """At most 200 computers at once."""

    code = "too_many"
    message = _("At most 200 computers at once.")


class SecurityAdminError(ConflictError):
    """The invitation is used, ended, or for another person."""

    code = "security_admin"
    message = _("The invitation is used, ended, or for another person.")


class SecurityAdminSelfError(InvalidError):
    """An invitation needs an e-mail address."""

    code = "email_invalid"
    message = _("An invitation needs an e-mail address.")


class IsolationError(RuntimeError):
    """The seat transaction runs at READ COMMITTED only."""


class LeaseKeyMissingError(RuntimeError):
    """There is no lease key; run the command `lease_keys_ensure`."""
