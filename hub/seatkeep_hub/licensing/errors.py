"""Business refusals of licensing. Codes of the device path are those of docs/reference/wire.md, section 4."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


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


class NotALicenseOwnerError(InvalidError):
    """A company of this kind does not own such licenses; a customer shares its MSP's and has an agreement."""

    code = "not_a_license_owner"
    message = _(
        "A company of this kind does not own such licenses. A customer shares the license of its MSP: "
        "order it there and set the customer's agreement."
    )


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


class ProductNotInLicenseError(ConflictError):
    """The license does not hold this product, or the customer has no share of it."""

    code = "product_not_in_license"
    message = _("The license does not hold this product, or the customer has no share of it.")


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
