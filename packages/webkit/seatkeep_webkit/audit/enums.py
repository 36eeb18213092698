"""Named states of the journal."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Severity(TextChoices):
    """How much an entry deserves to be looked at."""

    INFO = "INFO", _("Information")
    WARNING = "WARNING", _("Warning")
    ERROR = "ERROR", _("Error")


class Result(TextChoices):
    """Whether it was done."""

    DONE = "DONE", _("Done")
    REFUSED = "REFUSED", _("Refused")
    FAILED = "FAILED", _("Failed")
