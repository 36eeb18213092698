"""Words that policies store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PolicyProduct(TextChoices):
    """What a policy's settings are for."""

    ENDPOINT = "endpoint", _("Endpoint")
    AGENT = "agent", _("Agent")


class RolloutState(TextChoices):
    """How far a staged roll-out is."""

    RUNNING = "RUNNING", _("Under way")
    PAUSED = "PAUSED", _("Paused")
    FINISHED = "FINISHED", _("Everybody obeys it")
    STOPPED = "STOPPED", _("Stopped by itself and taken back")
    ROLLED_BACK = "ROLLED_BACK", _("Taken back")


UNFINISHED = (RolloutState.RUNNING, RolloutState.PAUSED)


class RolloutDeviceState(TextChoices):
    """What became of a roll-out on one device."""

    WAITING = "WAITING", _("No answer yet")
    APPLIED = "APPLIED", _("Obeys")
    FAILED = "FAILED", _("Failed")
