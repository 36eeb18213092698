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


class TooManyGroupsError(InvalidError):
    """A set-up makes at most 50 groups."""

    code = "too_many_groups"
    message = _("A set-up makes at most 50 groups.")


class TagInvalidError(InvalidError):
    """At most 20 tags of 60 printable characters each, without commas."""

    code = "tag_invalid"
    message = _("At most 20 tags of 60 printable characters each, without commas.")


class TemplateStandardError(ConflictError):
    """The standard template stays: it is what a set-up offers first."""

    code = "template_standard"
    message = _("The standard template stays: it is what a set-up offers first.")


class SetupJobNotFoundError(NotFoundError):
    """There is no such set-up of many customers, or you may not see it."""

    code = "setup_not_found"
    message = _("There is no such set-up of many customers, or you may not see it.")


class NoCustomersError(InvalidError):
    """No customer was chosen."""

    code = "no_customers"
    message = _("No customer was chosen.")


class TooManyCustomersError(InvalidError):
    """Too many customers at once; choose at most 10,000."""

    code = "too_many_customers"
    message = _("Too many customers at once; choose at most 10,000.")


class OffboardStuckError(ConflictError):
    """There is nothing to try again: the off-boarding waits for its day, or is over."""

    code = "offboard_not_failed"
    message = _("There is nothing to try again: the off-boarding waits for its day, or is over.")


class PackNotFoundError(NotFoundError):
    """There is no hand-over pack of this customer."""

    code = "pack_not_found"
    message = _("There is no hand-over pack of this customer.")
