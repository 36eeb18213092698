"""What can be wrong with an order, an invitation or a job."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, GoneError, NotAllowedError, NotFoundError


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


class MoveLicenseError(ConflictError):
    """The MSP there has no license for what this customer uses, or several: name one."""

    code = "move_no_license"
    message = _("The MSP there has no license for what this customer uses, or several: name one.")


class ApprovalNeededError(NotAllowedError):
    """Your manager approves this first. Ask with a request."""

    code = "approval_needed"
    message = _("Your manager approves this first. Ask with a request.")


class RequestNotFoundError(NotFoundError):
    """There is no such request, or it is not yours."""

    code = "request_unknown"
    message = _("There is no such request, or it is not yours.")


class RequestDecidedError(ConflictError):
    """This request was answered or taken back already."""

    code = "request_decided"
    message = _("This request was answered or taken back already.")


class RequestNotNeededError(ConflictError):
    """Nobody has to approve this: do it directly."""

    code = "request_not_needed"
    message = _("Nobody has to approve this: do it directly.")


class RunNotFoundError(NotFoundError):
    """There is no such act, or it is not yours."""

    code = "run_unknown"
    message = _("There is no such act, or it is not yours.")
