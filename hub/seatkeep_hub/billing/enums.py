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


class CorrectionState(TextChoices):
    """Life of a correction that a second person has to approve."""

    WAITING = "WAITING", _("Waiting")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")


class LogoType(TextChoices):
    """What a logo may be."""

    NONE = "", _("None")
    PNG = "image/png", "PNG"
    SVG = "image/svg+xml", "SVG"


class Separator(TextChoices):
    """What stands between two cells of a file."""

    COMMA = ",", _("Comma")
    SEMICOLON = ";", _("Semicolon")
    TAB = "\t", _("Tab")
    PIPE = "|", _("Vertical bar")


class DecimalMark(TextChoices):
    """What stands before the parts of a whole."""

    POINT = ".", _("Point: 1234.50")
    COMMA = ",", _("Comma: 1234,50")


class DateFormat(TextChoices):
    """How a file writes a day, for `strftime`."""

    ISO = "%Y-%m-%d", "2026-10-31"
    DOTS = "%d.%m.%Y", "31.10.2026"
    SLASHES = "%d/%m/%Y", "31/10/2026"
    US = "%m/%d/%Y", "10/31/2026"
    DIGITS = "%Y%m%d", "20261031"


class ExportColumn(TextChoices):
    """What a line of an exported statement can say."""

    MONTH = "MONTH", _("Month")
    FIRST_ON = "FIRST_ON", _("First day")
    LAST_ON = "LAST_ON", _("Last day")
    SELLER = "SELLER", _("Seller")
    BUYER = "BUYER", _("Buyer")
    BUYER_NUMBER = "BUYER_NUMBER", _("Buyer's number")
    BUYER_TAX_ID = "BUYER_TAX_ID", _("Buyer's tax id")
    CUSTOMER = "CUSTOMER", _("Customer")
    CUSTOMER_NUMBER = "CUSTOMER_NUMBER", _("Customer's number")
    KIND = "KIND", _("What")
    ITEM = "ITEM", _("Item code")
    PRODUCT_CODE = "PRODUCT_CODE", _("Product code")
    PRODUCT = "PRODUCT", _("Product")
    LICENSE = "LICENSE", _("License")
    ORDERED = "ORDERED", _("Ordered seat-days")
    AGREED = "AGREED", _("Agreed seat-days")
    DEVICE_DAYS = "DEVICE_DAYS", _("Device-days")
    PEAK = "PEAK", _("Peak")
    SEAT_DAYS = "SEAT_DAYS", _("Billed seat-days")
    QUANTITY = "QUANTITY", _("Quantity in units of the price")
    PRICE = "PRICE", _("Price")
    AMOUNT = "AMOUNT", _("Amount")
    CURRENCY = "CURRENCY", _("Currency")
    REASON = "REASON", _("Why")
    STATEMENT = "STATEMENT", _("Statement's id")
    LINE = "LINE", _("Line's id")
