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


class BundleFieldError(InvalidError):
    """A field of the bundle is not in order."""

    code = "bundle_field"
    message = _("A field of the bundle is not in order.")


class BundleInUseError(ConflictError):
    """A license has this bundle, so what it holds stays; make another one in another tier."""

    code = "bundle_in_use"
    message = _("A license has this bundle, so what it holds stays; make another one in another tier.")


class ProductNotFoundError(NotFoundError):
    """There is no such product."""

    code = "product_unknown"
    message = _("There is no such product.")


class ProductFieldError(InvalidError):
    """A field of the product is not in order."""

    code = "product_field"
    message = _("A field of the product is not in order.")


class ProductInUseError(ConflictError):
    """A license has this product, so its category and platform stay."""

    code = "product_in_use"
    message = _("A license has this product, so its category and platform stay.")


class ProductSoldError(ConflictError):
    """Bundles that can be ordered hold this product; take them off sale first. `bundles` names them."""

    code = "product_sold"
    message = _("Bundles that can be ordered hold this product; take them off sale first.")


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


class LicenseExpiredError(ConflictError):
    """The license is over."""

    code = "license_expired"
    message = _("The license is over.")


class NotATrialError(ConflictError):
    """Only a trial can be extended, converted or removed."""

    code = "not_a_trial"
    message = _("Only a trial can be extended, converted or removed.")


class TrialNotAllowedError(ConflictError):
    """Trials are not permitted here; whoever is above can permit them."""

    code = "trial_not_allowed"
    message = _("Trials are not permitted here; whoever is above can permit them.")


class TrialOpenError(ConflictError):
    """A trial of this bundle is running already."""

    code = "already_ordered"
    message = _("A trial of this bundle is running already.")


class TrialExtensionsError(ConflictError):
    """A trial can be extended twice."""

    code = "trial_extensions_exceeded"
    message = _("A trial can be extended twice.")


class BundleNotAllowedError(ConflictError):
    """This bundle is not among those that may be ordered here; whoever is above can allow it."""

    code = "bundle_not_allowed"
    message = _("This bundle is not among those that may be ordered here; whoever is above can allow it.")


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
