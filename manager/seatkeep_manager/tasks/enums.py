"""Words that tasks store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RunState(TextChoices):
    """Where one device stands with one task."""

    QUEUED = "QUEUED", _("Waiting for the device")
    RUNNING = "RUNNING", _("Running")
    FINISHED = "FINISHED", _("Done")
    FAILED = "FAILED", _("Failed")
    EXPIRED = "EXPIRED", _("Expired")
    CANCELED = "CANCELED", _("Canceled")
    SUPPRESSED = "SUPPRESSED", _("Passed over")


FINAL_STATES = (RunState.FINISHED, RunState.FAILED, RunState.EXPIRED, RunState.CANCELED, RunState.SUPPRESSED)
RERUN_STATES = (RunState.FAILED, RunState.EXPIRED)
"""What can be tried again."""


class ServerTaskKind(TextChoices):
    """What the console does by itself each day."""

    RENAME = "RENAME", _("Name computers by a pattern")
    RETIRE_SILENT = "RETIRE_SILENT", _("Stop managing computers that do not connect")
