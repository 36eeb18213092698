"""Named choices of the pages."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class UseMode(TextChoices):
    """How Seatkeep is used; decides which kinds of company the pages show."""

    ONE_MSP = "one-msp", _("One MSP")
    PARTNER_MSPS = "partner-msps", _("An MSP with partner MSPs")
    DISTRIBUTOR = "distributor", _("A distributor")
