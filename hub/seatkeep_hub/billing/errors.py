"""Business refusals of billing."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class PriceListNotFoundError(NotFoundError):
    """There is no such price list, or it is not yours."""

    code = "price_list_unknown"
    message = _("There is no such price list, or it is not yours.")


class PriceListFieldError(InvalidError):
    """A part of the price list is not in order."""

    code = "price_list_field"
    message = _("A part of the price list is not in order.")


class PriceListUsedError(ConflictError):
    """A closed statement was made with these prices; make a new list that is valid from a later month."""

    code = "price_list_used"
    message = _("A closed statement was made with these prices. Make a new list that is valid from a later month.")


class StatementNotFoundError(NotFoundError):
    """There is no such statement, or it is not yours."""

    code = "statement_unknown"
    message = _("There is no such statement, or it is not yours.")


class StatementClosedError(ConflictError):
    """The statement is closed and never changes; correct it in the open month."""

    code = "statement_closed"
    message = _("The statement is closed and never changes. Correct it in the open month.")


class StatementOpenError(ConflictError):
    """The statement is still a draft: change what it counts instead of correcting it."""

    code = "statement_open"
    message = _("The statement is still a draft, so there is nothing to correct yet.")


class StatementEarlyError(ConflictError):
    """The month is not over yet."""

    code = "statement_early"
    message = _("The month is not over yet.")


class StatementUnpricedError(ConflictError):
    """A line has no price; set one first, 0 where it is free."""

    code = "statement_unpriced"
    message = _("A line has no price. Set one first; 0 where it is free.")


class StatementChangedError(ConflictError):
    """The numbers changed since you looked; look again before you close."""

    code = "statement_changed"
    message = _("The numbers changed since you looked. Look again before you close.")


class StatementCurrencyError(ConflictError):
    """A correction is in another currency than the open month."""

    code = "statement_currency"
    message = _("A correction is in another currency than the open month. Price the month in the former currency.")


class CorrectionFieldError(InvalidError):
    """A correction needs an amount other than 0 and a reason."""

    code = "correction_field"
    message = _("A correction needs an amount other than 0 and a reason.")


class DayClockUsedError(ConflictError):
    """A month from then on is closed, so its days cannot end at another time; choose a later month."""

    code = "day_clock_used"
    message = _("A month from then on is closed, so its days cannot end at another time. Choose a later month.")


class CorrectionNotFoundError(NotFoundError):
    """There is no such correction, or it is not yours."""

    code = "correction_unknown"
    message = _("There is no such correction, or it is not yours.")


class CorrectionWaitsError(ConflictError):
    """The seller wants corrections approved by a second person; enter it as a request."""

    code = "correction_waits"
    message = _("Corrections need a second person here. Enter it as a request that somebody else approves.")


class CorrectionDecidedError(ConflictError):
    """Somebody approved or rejected the correction already."""

    code = "correction_decided"
    message = _("Somebody approved or rejected this correction already.")


class CorrectionSamePersonError(ConflictError):
    """Who entered a correction may not approve it; ask somebody else."""

    code = "correction_same_person"
    message = _("You entered this correction, so somebody else has to approve it.")


class LogoError(InvalidError):
    """The logo cannot be used."""

    code = "logo_invalid"
    message = _("This logo cannot be used.")


class LayoutNotFoundError(NotFoundError):
    """There is no such export layout, or it is not yours."""

    code = "layout_unknown"
    message = _("There is no such export layout, or it is not yours.")


class LayoutFieldError(InvalidError):
    """A part of the export layout is not in order."""

    code = "layout_field"
    message = _("A part of the export layout is not in order.")


class LayoutNameTakenError(ConflictError):
    """The seller has another layout of this name."""

    code = "layout_name_taken"
    message = _("There is another layout of this name.")


class StatementSentError(ConflictError):
    """A statement is marked as sent to this receiver already; say that you mean it to send it again."""

    code = "statement_sent"
    message = _("This was sent to the same receiver already. Say that you mean to send it again.")


class PaperTooLongError(ConflictError):
    """There are more rows than a PDF is good for; take the spreadsheet."""

    code = "paper_too_long"
    message = _("There are more than 5,000 rows. Take the spreadsheet instead.")


class StatementDraftError(ConflictError):
    """A draft is not sent to anybody; close the month first."""

    code = "statement_draft"
    message = _("A draft is not sent to anybody. Close the month first.")


class SendingFieldError(InvalidError):
    """The receiver is missing."""

    code = "sending_field"
    message = _("Say who got it.")
