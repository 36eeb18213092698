"""What can be wrong with alerts."""

from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.errors import InvalidError, NotAllowedError, NotFoundError


class AlertFieldError(InvalidError):
    """A setting of the alerts is wrong; `fields` names it."""

    code = "alert_field"
    message = _("A setting of the alerts is wrong.")


class AlertsOfAnotherError(NotAllowedError):
    """Only this person, or who manages people there, sets what they are told."""

    code = "alerts_of_another"
    message = _("Only this person, or who manages people there, sets what they are told.")


class AlertLinkError(NotFoundError):
    """This link is not whole, or the person has left."""

    code = "alert_link"
    message = _("This link is not whole, or the person has left.")
