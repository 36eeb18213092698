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
