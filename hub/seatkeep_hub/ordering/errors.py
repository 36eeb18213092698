"""Business refusals of ordering."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class ShareNotFoundError(NotFoundError):
    """There is no such share, or it is not yours."""

    code = "share_unknown"
    message = _("There is no such share, or it is not yours.")


class PlanNotFoundError(NotFoundError):
    """There is no such planned change, or it is not yours."""

    code = "planned_change_unknown"
    message = _("There is no such planned change, or it is not yours.")


class PlanFieldError(InvalidError):
    """A field of the planned change is not in order."""

    code = "planned_change_field"
    message = _("A field of the planned change is not in order.")


class PlanExistsError(ConflictError):
    """Another change is planned already; take it back first."""

    code = "change_planned_already"
    message = _("Another change is planned already; take it back first.")


class PlanOverError(ConflictError):
    """The planned change was done already."""

    code = "planned_change_over"
    message = _("The planned change was done already.")


class TermsNotFoundError(NotFoundError):
    """There are no such terms of use."""

    code = "terms_unknown"
    message = _("There are no such terms of use.")


class TermsNotAcceptedError(ConflictError):
    """Terms of use must be accepted before this is ordered; `terms` lists them."""

    code = "terms_not_accepted"
    message = _("Terms of use must be accepted before this is ordered.")


class OrderFieldError(InvalidError):
    """A line of the order is not in order."""

    code = "order_field"
    message = _("A line of the order is not in order.")


class TermsFieldError(InvalidError):
    """Title or text of terms is not in order; `fields` names it."""

    code = "terms_field"
    message = _("Title or text is not in order.")


class ChangeUnavailableError(ConflictError):
    """The license cannot be moved to this bundle."""

    code = "change_unavailable"
    message = _("The license cannot be moved to this bundle.")


class NotFullError(ConflictError):
    """A trial cannot be moved to another bundle; convert it first."""

    code = "invalid_license_type"
    message = _("A trial cannot be moved to another bundle; convert it first.")


class BulkNotFoundError(NotFoundError):
    """There is no such act, or it is not yours."""

    code = "bulk_unknown"
    message = _("There is no such act, or it is not yours.")


class BulkFieldError(InvalidError):
    """What is to be done to many things is not in order."""

    code = "bulk_field"
    message = _("What is to be done to many things is not in order.")
