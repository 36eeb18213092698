"""Words that problems store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProblemKind(TextChoices):
    """What is wrong."""

    OPEN_DETECTION = "open_detection", _("Detection not handled")
    NOT_PROTECTED = "not_protected", _("Not protected")
    SCAN_ONLY = "scan_only", _("Scan only")
    NO_SEAT = "no_seat", _("No free seat")
    WAITING_FOR_APPROVAL = "waiting_for_approval", _("Device waits for approval")
    SILENT = "silent", _("Device is silent")
    TASK_FAILED = "task_failed", _("Task failed")
    POLICY_GAP = "policy_gap", _("Device does not obey its newest settings")
    ENGINE_DIFFERS = "engine_differs", _("Defender is not set as policies want")
    LINK_BROKEN = "link_broken", _("Licensing cannot be reached")


class ProblemSeverity(TextChoices):
    """How much it matters."""

    RED = "RED", _("Urgent")
    AMBER = "AMBER", _("Soon")
    GREY = "GREY", _("Note")


class ProblemState(TextChoices):
    """What people have done about it."""

    OPEN = "OPEN", _("Open")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Seen")
    SNOOZED = "SNOOZED", _("Snoozed")
    RESOLVED = "RESOLVED", _("Gone")


UNRESOLVED = (ProblemState.OPEN, ProblemState.ACKNOWLEDGED, ProblemState.SNOOZED)
