"""Words that detections store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Severity(TextChoices):
    """How bad a finding is."""

    INFO = "INFO", _("Note")
    WARNING = "WARNING", _("Warning")
    CRITICAL = "CRITICAL", _("Critical")


class Engine(TextChoices):
    """Who finds: our own engines, and those of others beside them. Names of products are not translated.

    A detection may name one that this release does not know.
    """

    YARA = "yara", "YARA-X"
    CLAMD = "clamd", "ClamAV"
    DEFENDER = "defender", "Microsoft Defender"


class Action(TextChoices):
    """What an engine did about a finding."""

    NONE = "NONE", _("Nothing yet")
    QUARANTINED = "QUARANTINED", _("Put into quarantine")
    CLEANED = "CLEANED", _("Cleaned the file")
    REMOVED = "REMOVED", _("Removed the file")
    BLOCKED = "BLOCKED", _("Blocked it")
    ALLOWED = "ALLOWED", _("Allowed by a person")
    FAILED = "FAILED", _("Tried and failed")


class Resolution(TextChoices):
    """How a detection was closed."""

    DELETED = "DELETED", _("Deleted from quarantine")
    RESTORED = "RESTORED", _("Restored from quarantine")
    RESOLVED = "RESOLVED", _("Resolved by a person")
    FALSE_POSITIVE = "FALSE_POSITIVE", _("False alarm")
    HANDLED = "HANDLED", _("Handled by the engine")


class QuarantineState(TextChoices):
    """Where a quarantined file is."""

    HELD = "HELD", _("In quarantine")
    RESTORED = "RESTORED", _("Restored")
    DELETED = "DELETED", _("Deleted")
