"""Words that customers store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
    ARCHIVE = "ARCHIVE", _("Archiving")
    END = "END", _("Done")


UNFINISHED = (OffboardState.SCHEDULED, OffboardState.RUNNING)
