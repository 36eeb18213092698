"""Named states of agreements."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AgreementMode(TextChoices):
    """What a customer agreed to."""

    FIXED = "FIXED", _("Fixed")
    FLEXIBLE = "FLEXIBLE", _("Flexible")


class OnExceed(TextChoices):
    """What happens to one more device than a fixed number."""

    FLAG = "FLAG", _("Protect it and show it")
    REFUSE = "REFUSE", _("Refuse it")


class JobState(TextChoices):
    """Progress of an off-boarding."""

    RUNNING = "RUNNING", _("Running")
    FINISHED = "FINISHED", _("Finished")
    FAILED = "FAILED", _("Failed")


class ReportBy(TextChoices):
    """What a usage report has a row for."""

    PRODUCT = "PRODUCT", _("Product")
    CATEGORY = "CATEGORY", _("Category")


class ReportStep(TextChoices):
    """How long one row of a usage report is."""

    PERIOD = "PERIOD", _("Whole period")
    MONTH = "MONTH", _("Month by month")
    DAY = "DAY", _("Day by day")
