"""What can go wrong with policies; each docstring is fit for a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class PolicyNotFoundError(NotFoundError):
    """There is no such policy, or you may not see it."""

    code = "policy_not_found"
    message = _("There is no such policy, or you may not see it.")


class PolicyAssignmentNotFoundError(NotFoundError):
    """This policy is not assigned there."""

    code = "policy_assignment_not_found"
    message = _("This policy is not assigned there.")


class PolicySettingsError(InvalidError):
    """A setting is unknown or its value does not fit."""

    code = "policy_settings_invalid"
    message = _("A setting is unknown or its value does not fit.")


class PolicyForeignError(ConflictError):
    """The policy belongs to another customer."""

    code = "policy_foreign"
    message = _("The policy belongs to another customer.")


class DocumentTooLargeError(ConflictError):
    """The settings of one group would be larger than 256 kB; make them smaller."""

    code = "document_too_large"
    message = _("The settings of one group would be larger than 256 kB; make them smaller.")
