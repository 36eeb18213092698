"""Named states of the MSP tables."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class InvitationState(TextChoices):
    """Life of an invitation to work in a company."""

    INVITED = "INVITED", _("Invited")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REVOKED = "REVOKED", _("Withdrawn")


class JobKind(TextChoices):
    """What a long job does."""

    OFFBOARD = "OFFBOARD", _("Off-board")


class JobState(TextChoices):
    """Progress of a long job; the words of docs/reference/wire.md, section 5."""

    WAITING = "WAITING", _("Waiting")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")
    UNDONE = "UNDONE", _("Undone")
