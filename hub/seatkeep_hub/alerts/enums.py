"""Named kinds of alerts, and how they come."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AlertKind(TextChoices):
    """What an alert is about."""

    OVERUSED = "OVERUSED", _("More computers than ordered or agreed")
    NEAR_OVERUSE = "NEAR_OVERUSE", _("Nearly all seats in use")
    EXPIRED = "EXPIRED", _("License or trial ended")
    NEAR_EXPIRY = "NEAR_EXPIRY", _("License ends within 14 days")
    TRIAL_ENDING = "TRIAL_ENDING", _("Trial ends within 14 days")
    SEATS_CHANGE = "SEATS_CHANGE", _("Planned change of seats within 7 days")
    SEAT_QUESTION = "SEAT_QUESTION", _("Question about a computer")
    STATEMENT_WAITING = "STATEMENT_WAITING", _("Statements wait to be looked at")
    IMPORT_FINISHED = "IMPORT_FINISHED", _("Your import has finished")


class AlertMode(TextChoices):
    """How an alert comes."""

    OFF = "OFF", _("Off")
    DIGEST = "DIGEST", _("Daily mail")
    INSTANT = "INSTANT", _("At once")


class AlertScope(TextChoices):
    """About which companies a person is told."""

    OWN = "OWN", _("My company: its licenses, its customers' seats, its statements")
    BELOW = "BELOW", _("My company and everything below it")
    CHOSEN = "CHOSEN", _("Only these companies, and what is below them")
