"""Business refusals of agreements."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import ConflictError, InvalidError, NotFoundError


class AgreementNotFoundError(NotFoundError):
    """There is no such agreement, or it is not yours."""

    code = "agreement_unknown"
    message = _("There is no such agreement, or it is not yours.")


class AgreementFieldError(InvalidError):
    """A number of the agreement is not in order."""

    code = "agreement_field"
    message = _("A number of the agreement is not in order.")


class AgreementClosedError(ConflictError):
    """The agreement is closed."""

    code = "agreement_closed"
    message = _("The agreement is closed.")


class AgreementCompanyError(InvalidError):
    """An agreement needs a customer that is in use."""

    code = "agreement_company"
    message = _("An agreement needs a customer that is in use.")


class OffboardNotFoundError(NotFoundError):
    """There is no such job, or it is not yours."""

    code = "job_unknown"
    message = _("There is no such job, or it is not yours.")


class OffboardDatesError(InvalidError):
    """The last day of protection or billing lies before the last day of the contract."""

    code = "offboard_dates"
    message = _("The last day of protection or billing lies before the last day of the contract.")


class OffboardEarlyError(InvalidError):
    """Licensing ends protection at once; order it on that day, or off-board in the console, which waits."""

    code = "offboard_early"
    message = _("Licensing ends protection at once; order it on that day, or off-board in the console, which waits.")


class DayClockFieldError(InvalidError):
    """The time zone or the time at which a day ends is not in order."""

    code = "day_clock_field"
    message = _("The time zone or the time at which a day ends is not in order.")


class ReportPeriodError(InvalidError):
    """A report is for at least one day and at most three years."""

    code = "report_period"
    message = _("A report is for at least one day and at most three years.")
