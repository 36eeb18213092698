"""Words that detections store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Severity(TextChoices):
    """How bad a finding is."""

    INFO = "INFO", _("Note")
    WARNING = "WARNING", _("Warning")
    CRITICAL = "CRITICAL", _("Critical")


class Resolution(TextChoices):
    """How a detection was closed."""

    DELETED = "DELETED", _("Deleted from quarantine")
    RESTORED = "RESTORED", _("Restored from quarantine")
    RESOLVED = "RESOLVED", _("Resolved by a person")
    FALSE_POSITIVE = "FALSE_POSITIVE", _("False alarm")


class QuarantineState(TextChoices):
    """Where a quarantined file is."""

    HELD = "HELD", _("In quarantine")
    RESTORED = "RESTORED", _("Restored")
    DELETED = "DELETED", _("Deleted")
