"""Named states of billing."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Basis(TextChoices):
    """Which count of a day or a month is billed."""

    ORDERED = "ORDERED", _("Ordered seats")
    AGREED = "AGREED", _("Agreed seats, or in use where flexible")
    IN_USE_DAYS = "IN_USE_DAYS", _("Device-days in use")
    IN_USE_PEAK = "IN_USE_PEAK", _("Highest number in use")
    IN_USE_LAST_DAY = "IN_USE_LAST_DAY", _("In use at the end of the month")


class PriceUnit(TextChoices):
    """What one price is for."""

    SEAT_MONTH = "SEAT_MONTH", _("Seat and month")
    SEAT_DAY = "SEAT_DAY", _("Seat and day")


class Proration(TextChoices):
    """What a part of a month costs where a price is for a month."""

    DAILY = "DAILY", _("By the day")
    FULL_MONTH = "FULL_MONTH", _("A full month for the most seats of a day")


class StatementState(TextChoices):
    """Life of a statement."""

    DRAFT = "DRAFT", _("Draft")
    CLOSED = "CLOSED", _("Closed")


class LineKind(TextChoices):
    """What a line of a statement is."""

    USAGE = "USAGE", _("Usage")
    MINIMUM = "MINIMUM", _("Minimum")
    CORRECTION = "CORRECTION", _("Correction")


class Flag(TextChoices):
    """What a person should look at before closing."""

    NO_PRICE = "NO_PRICE", _("No price")
    OVER_AGREED = "OVER_AGREED", _("In use above agreed")
    CHANGED = "CHANGED", _("More than 20 % from last month")
    DAYS_MISSING = "DAYS_MISSING", _("Not counted yet")
