"""What can be wrong with people, sets and grants."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class UserNotFoundError(NotFoundError):
    """There is no such person."""

    code = "user_not_found"
    message = _("There is no such person.")


class PermissionSetNotFoundError(NotFoundError):
    """There is no such permission set."""

    code = "permission_set_not_found"
    message = _("There is no such permission set.")


class GrantNotFoundError(NotFoundError):
    """The person does not hold this."""

    code = "grant_not_found"
    message = _("The person does not hold this.")


class SessionNotFoundError(NotFoundError):
    """There is no such session."""

    code = "session_not_found"
    message = _("There is no such session.")


class ApiClientNotFoundError(NotFoundError):
    """There is no such API client."""

    code = "api_client_not_found"
    message = _("There is no such API client.")


class InvitationNotFoundError(NotFoundError):
    """There is no such invitation."""

    code = "invitation_not_found"
    message = _("There is no such invitation.")


class GrantTooMuchError(NotAllowedError):
    """You cannot give more than you hold there yourself, nor change what somebody with more than you holds."""

    code = "grant_too_much"
    message = _("You cannot give more than you hold there yourself, nor change what somebody with more than you holds.")


class OwnRightsError(NotAllowedError):
    """Nobody changes their own rights. Ask somebody else who may."""

    code = "own_rights"
    message = _("Nobody changes their own rights. Ask somebody else who may.")


class LastOwnerError(ConflictError):
    """This is the last Owner of the console. Make somebody else an Owner of everything first."""

    code = "last_owner"
    message = _("This is the last Owner of the console. Make somebody else an Owner of everything first.")


class PermissionSetInvalidError(InvalidError):
    """The set has no name, or names a functionality or level that does not exist."""

    code = "permission_set_invalid"
    message = _("The set has no name, or names a functionality or level that does not exist.")


class PermissionSetTakenError(ConflictError):
    """Another permission set has this name."""

    code = "permission_set_taken"
    message = _("Another permission set has this name.")


class PermissionSetUsedError(ConflictError):
    """Somebody holds this set. Take it from them first."""

    code = "permission_set_used"
    message = _("Somebody holds this set. Take it from them first.")


class InvitationOverError(ConflictError):
    """The invitation was used or withdrawn, or its 14 days are over. Ask for a new one."""

    code = "invitation_over"
    message = _("The invitation was used or withdrawn, or its 14 days are over. Ask for a new one.")


class AlreadyInvitedError(ConflictError):
    """Somebody has this address already, or an invitation is open."""

    code = "already_invited"
    message = _("Somebody has this address already, or an invitation is open.")


class LeaveSelfError(NotAllowedError):
    """Nobody removes themselves. Ask somebody else who may."""

    code = "leave_self"
    message = _("Nobody removes themselves. Ask somebody else who may.")


class LeftAlreadyError(ConflictError):
    """This person has left already."""

    code = "left_already"
    message = _("This person has left already.")


class LeaveChoiceError(InvalidError):
    """This cannot be done with that thing, or nobody was named who takes it over."""

    code = "leave_choice"
    message = _("This cannot be done with that thing, or nobody was named who takes it over.")
