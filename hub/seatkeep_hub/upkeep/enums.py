"""Named states of upkeep."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class QuestionKind(TextChoices):
    """What looks wrong about a seat."""

    HARDWARE = "HARDWARE", _("Same computer, changed hardware?")
    CLONE = "CLONE", _("Two computers with one identity")


class QuestionState(TextChoices):
    """How a person answered."""

    OPEN = "OPEN", _("Waiting for an answer")
    KEPT = "KEPT", _("The former computer stays")
    REPLACED = "REPLACED", _("The new computer took its place")
    BOTH = "BOTH", _("Both stay")
    GONE = "GONE", _("Settled by itself")
