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


class UserUnknownError(NotFoundError):
    """There is no such person."""

    code = "user_unknown"
    message = _("There is no such person.")


class OwnAccessError(NotAllowedError):
    """Nobody sets their own access."""

    code = "own_access"
    message = _("You cannot set your own access. Ask somebody else who may.")
