"""Named states of ordering."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PlanState(TextChoices):
    """What became of a planned change."""

    PLANNED = "PLANNED", _("Planned")
    DONE = "DONE", _("Done")
    CANCELLED = "CANCELLED", _("Taken back")
    REFUSED = "REFUSED", _("Could not be done")


class BulkKind(TextChoices):
    """What is done to each item."""

    SEATS_STOP = "SEATS_STOP", _("Stop protecting computers")
    SEATS_MOVE = "SEATS_MOVE", _("Move computers")
    LICENSES_SUSPEND = "LICENSES_SUSPEND", _("Suspend licenses")
    LICENSES_UNSUSPEND = "LICENSES_UNSUSPEND", _("Take suspensions back")
    LICENSES_OVERUSE = "LICENSES_OVERUSE", _("Change what happens when seats run out")
    AGREEMENTS_SET = "AGREEMENTS_SET", _("Set agreements")


class BulkState(TextChoices):
    """Progress of an act on many."""

    RUNNING = "RUNNING", _("Running")
    FINISHED = "FINISHED", _("Finished")
