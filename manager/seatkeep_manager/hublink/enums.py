"""Words that the hub link stores."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LinkState(TextChoices):
    """Where the link to Licensing stands."""

    NOT_LINKED = "NOT_LINKED", _("Not connected")
    WAITING = "WAITING", _("Waiting for approval in Licensing")
    LINKED = "LINKED", _("Connected")


class CustomerState(TextChoices):
    """What the technician has done about a customer of the hub."""

    NOT_SET_UP = "NOT_SET_UP", _("New")
    NORMAL = "NORMAL", _("Ready")
    UNLINKED = "UNLINKED", _("Removed in Licensing")


class HubCompanyState(TextChoices):
    """The company's own state in the hub."""

    ACTIVE = "ACTIVE", _("Active")
    SUSPENDED = "SUSPENDED", _("Suspended")
    REMOVED = "REMOVED", _("Removed")


class SyncKind(TextChoices):
    """How much one synchronization reads."""

    DELTA = "DELTA", _("Changes")
    FULL = "FULL", _("Everything")
    DRY_RUN = "DRY_RUN", _("Preview")


class SyncTrigger(TextChoices):
    """What started a synchronization."""

    START = "START", _("Start of the server")
    ANNOUNCED = "ANNOUNCED", _("Announced by Licensing")
    REQUESTED = "REQUESTED", _("Asked for by a person")
    DAILY = "DAILY", _("Once a day")


class SyncState(TextChoices):
    """How a synchronization stands."""

    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    HELD = "HELD", _("Asks before removing")
    FAILED = "FAILED", _("Failed")


class ChangeKind(TextChoices):
    """What a synchronization would change of one thing."""

    ADDED = "ADDED", _("New")
    RENAMED = "RENAMED", _("Renamed")
    MOVED = "MOVED", _("Moved")
    CHANGED = "CHANGED", _("Changed")
    REMOVED = "REMOVED", _("Gone")
