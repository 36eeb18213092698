"""Words that customers store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SetupState(TextChoices):
    """How a set-up of many customers stands."""

    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    CANCELED = "CANCELED", _("Canceled")


class ItemOutcome(TextChoices):
    """What came of the set-up of one customer among many."""

    WAITING = "WAITING", _("Waiting")
    CHANGED = "CHANGED", _("Set up")
    SAME = "SAME", _("Had everything")
    ERROR = "ERROR", _("Failed")


class OffboardState(TextChoices):
    """How an off-boarding stands."""

    SCHEDULED = "SCHEDULED", _("Waits for its day")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    CANCELED = "CANCELED", _("Canceled")


class OffboardStep(TextChoices):
    """What an off-boarding does next; each step can be done twice without harm."""

    KEYS = "KEYS", _("Revoking keys")
    POLICIES = "POLICIES", _("Taking policies off")
    LICENSING = "LICENSING", _("Releasing seats in Licensing")
    DEVICES = "DEVICES", _("Telling computers to stop")
    LICENSING_WAIT = "LICENSING_WAIT", _("Waiting for Licensing")
    PACK = "PACK", _("Making the hand-over pack")
    ARCHIVE = "ARCHIVE", _("Archiving")
    END = "END", _("Done")


UNFINISHED = (OffboardState.SCHEDULED, OffboardState.RUNNING)
