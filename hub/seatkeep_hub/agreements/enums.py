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
