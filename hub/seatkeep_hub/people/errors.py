"""What can be wrong with sessions, acting as somebody, or a departure."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class SessionUnknownError(NotFoundError):
    """There is no such session."""

    code = "session_unknown"
    message = _("There is no such session.")


class CannotActAsError(NotAllowedError):
    """You can act only as somebody of a company below yours who has no more access than you."""

    code = "cannot_act_as"
    message = _("You can act only as somebody of a company below yours who has no more access than you.")


class LeftAlreadyError(ConflictError):
    """This person has left already."""

    code = "left_already"
    message = _("This person has left already.")


class LeaveSelfError(NotAllowedError):
    """Nobody removes themselves. Ask somebody else who may."""

    code = "leave_self"
    message = _("Nobody removes themselves. Ask somebody else who may.")


class LeaveChoiceError(InvalidError):
    """This cannot be done with that thing, or nobody was named who takes it over."""

    code = "leave_choice"
    message = _("This cannot be done with that thing, or nobody was named who takes it over.")
