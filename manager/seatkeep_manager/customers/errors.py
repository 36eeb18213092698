"""What can go wrong with a customer's set-up and leave; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class TemplateNotFoundError(NotFoundError):
    """There is no such template."""

    code = "template_not_found"
    message = _("There is no such template.")


class CustomerReadOnlyError(NotAllowedError):
    """You may look at this customer but not change it."""

    code = "customer_read_only"
    message = _("You may look at this customer but not change it.")


class CustomerRemovedError(ConflictError):
    """This customer was removed in Licensing."""

    code = "customer_removed"
    message = _("This customer was removed in Licensing.")


class OffboardRunningError(ConflictError):
    """This customer is being off-boarded already."""

    code = "offboard_running"
    message = _("This customer is being off-boarded already.")


class OffboardNotFoundError(NotFoundError):
    """This customer was never off-boarded."""

    code = "offboard_not_found"
    message = _("This customer was never off-boarded.")


class OffboardStartedError(ConflictError):
    """The off-boarding has begun and cannot be canceled; restore the customer instead."""

    code = "offboard_started"
    message = _("The off-boarding has begun and cannot be canceled; restore the customer instead.")


class OffboardDatesError(InvalidError):
    """The days are out of order: protection and billing end on or after the last day."""

    code = "offboard_dates"
    message = _("The days are out of order: protection and billing end on or after the last day.")


class TemplateNameTakenError(ConflictError):
    """Another template has this name."""

    code = "template_name_taken"
    message = _("Another template has this name.")
