"""Business refusals about companies and access."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, GoneError, InvalidError, NotAllowedError, NotFoundError


class CompanyNotFoundError(NotFoundError):
    """There is no such company, or it is not yours."""

    code = "company_unknown"
    message = _("There is no such company, or it is not yours.")


class CompanyKindError(InvalidError):
    """A company of this kind cannot be created below that one."""

    code = "company_kind"
    message = _("A company of this kind cannot be created below that one.")


class CompanyNameTakenError(ConflictError):
    """Another company beside it has this name already."""

    code = "company_name_taken"
    message = _("Another company beside it has this name already.")


class CompanyEmailTakenError(ConflictError):
    """Another MSP has this e-mail address already."""

    code = "company_email_taken"
    message = _("Another MSP has this e-mail address already.")


class CompanyNotSuspendedError(ConflictError):
    """It is in use. Suspend it first, or off-board it."""

    code = "company_not_suspended"
    message = _("It is in use. Suspend it first, or off-board it.")


class CompanyInUseError(ConflictError):
    """Something still hangs on this company; `reason` says what."""

    code = "company_in_use"
    message = _("Something still hangs on this company.")


class SetByParentError(NotAllowedError):
    """This is decided by the company above."""

    code = "set_by_parent"
    message = _("This is decided by the company above.")


class NoteNotFoundError(NotFoundError):
    """There is no such note, or it is not yours."""

    code = "note_unknown"
    message = _("There is no such note, or it is not yours.")


class NoteAuthorError(NotAllowedError):
    """Only its author can edit a note."""

    code = "note_author"
    message = _("Only its author can edit a note.")


class CompanyStatusError(ConflictError):
    """The company's state does not allow this."""

    code = "company_status"
    message = _("The company's state does not allow this.")


class CompanyDepthError(InvalidError):
    """The tree of companies would be deeper than twelve levels."""

    code = "company_depth"
    message = _("The tree of companies would be deeper than twelve levels.")


class CompanyMoveError(InvalidError):
    """The company cannot be moved there."""

    code = "company_move"
    message = _("The company cannot be moved there.")


class CompanyFieldError(InvalidError):
    """A field of the company is not in order."""

    code = "company_field"
    message = _("A field of the company is not in order.")


class AccessDeniedError(NotAllowedError):
    """You can view this company but not change it."""

    code = "access_denied"
    message = _("You can view this company but not change it.")


class RightMissingError(NotAllowedError):
    """Your role does not include this here."""

    code = "right_missing"
    message = _("Your role does not include this here.")


class GrantError(NotAllowedError):
    """Nobody gives more access than they have, or changes that of somebody who has more."""

    code = "grant_exceeds_own"
    message = _("Nobody gives more access than they have, or changes that of somebody who has more.")


class UserUnknownError(NotFoundError):
    """There is no such person."""

    code = "user_unknown"
    message = _("There is no such person.")


class OwnAccessError(NotAllowedError):
    """Nobody sets their own access."""

    code = "own_access"
    message = _("You cannot set your own access. Ask somebody else who may.")


class LastOwnerError(ConflictError):
    """The last owner of a company stays. Make somebody else an owner first."""

    code = "last_owner"
    message = _("The last owner of a company stays. Make somebody else an owner first.")


class EmailTakenError(ConflictError):
    """Somebody with this e-mail address exists already."""

    code = "email_taken"
    message = _("Somebody with this e-mail address exists already.")


class FeedCursorGoneError(GoneError):
    """The cursor is of another feed or another scope. Read in full and drop what was not seen."""

    code = "cursor_gone"
    message = _("The cursor is of another feed or another scope. Read in full and drop what was not seen.")


class FeedCursorInvalidError(InvalidError):
    """The cursor is not one of ours."""

    code = "cursor_invalid"
    message = _("The cursor is not one of ours.")
