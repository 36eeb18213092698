"""What can be wrong with an order, an invitation or a job."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, GoneError, InvalidError, NotFoundError


class InvitationUnknownError(NotFoundError):
    """There is no such invitation."""

    code = "invitation_unknown"
    message = _("There is no such invitation.")


class InvitationOverError(GoneError):
    """This invitation was used, withdrawn or is over. Ask for a new one."""

    code = "invitation_over"
    message = _("This invitation was used, withdrawn or is over. Ask for a new one.")


class AlreadyInvitedError(ConflictError):
    """This person is a user already or has an open invitation."""

    code = "already_invited"
    message = _("This person is a user already or has an open invitation.")


class JobUnknownError(NotFoundError):
    """There is no such job."""

    code = "job_unknown"
    message = _("There is no such job.")


class JobOpenError(ConflictError):
    """This customer is being off-boarded already."""

    code = "job_open"
    message = _("This customer is being off-boarded already.")


class OffboardDatesError(InvalidError):
    """The dates must be in order: last day, then protect until and bill until."""

    code = "offboard_dates"
    message = _("Protection and billing cannot end before the last day.")
