"""Named states of licensing."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Platform(TextChoices):
    """Where a product runs."""

    WORKSTATION = "WORKSTATION", _("Workstations")
    SERVER = "SERVER", _("Servers")
    MOBILE = "MOBILE", _("Mobile devices")


class LicenseKind(TextChoices):
    """On what terms a license was given."""

    MSP = "MSP", _("MSP")
    TRIAL = "TRIAL", _("Trial")
    PREPAID = "PREPAID", _("Prepaid")
    NFR = "NFR", _("Not for resale")


class LicenseState(TextChoices):
    """Derived state of a license; precedence in `rules.license_state`."""

    CANCELLED = "CANCELLED", _("Cancelled")
    SUSPENDED = "SUSPENDED", _("Suspended")
    TRIAL_EXPIRED = "TRIAL_EXPIRED", _("Trial over")
    EXPIRED = "EXPIRED", _("Expired")
    ERROR = "ERROR", _("More in use than ordered")
    WARNING = "WARNING", _("Needs attention soon")
    OK = "OK", _("OK")


class Overuse(TextChoices):
    """What happens when every ordered seat is taken and one more device comes."""

    ALLOW_AND_ALERT = "ALLOW_AND_ALERT", _("Protect it and show it")
    BLOCK = "BLOCK", _("Refuse it")
    AUTO_GROW = "AUTO_GROW", _("Order more by itself, up to a ceiling")


class Lapse(TextChoices):
    """What a device does when its lease runs out."""

    KEEP_PROTECTING = "KEEP_PROTECTING", _("Keep protecting")
    STOP_UPDATES_THEN_PROTECTION = "STOP_UPDATES_THEN_PROTECTION", _("Stop updates, later protection")
    STOP = "STOP", _("Stop")


class EntryKind(TextChoices):
    """What a ledger entry says (domain/licensing.md, section 1.3)."""

    ORDER = "ORDER", _("Ordered")
    QUANTITY = "QUANTITY", _("Seats changed")
    AUTO_GROW = "AUTO_GROW", _("Seats grown by themselves")
    SUSPEND = "SUSPEND", _("Billing stopped")
    UNSUSPEND = "UNSUSPEND", _("Billing goes on")
    FREEZE = "FREEZE", _("Changes frozen")
    UNFREEZE = "UNFREEZE", _("Changes possible again")
    STOP = "STOP", _("Protection stopped")
    RESUME = "RESUME", _("Protection resumed")
    OVERUSE = "OVERUSE", _("Rule for too many computers changed")
    KEY_ROTATE = "KEY_ROTATE", _("Key changed")
    CANCEL = "CANCEL", _("Cancelled")
    CONVERT = "CONVERT", _("Converted to full")
    EXTEND = "EXTEND", _("Trial extended")
    UPGRADE = "UPGRADE", _("Upgraded")
    DOWNGRADE = "DOWNGRADE", _("Downgraded")


class NodeKind(TextChoices):
    """Level of a pool node."""

    ROOT = "ROOT", _("License")
    CUSTOMER = "CUSTOMER", _("Customer")
    SITE = "SITE", _("Site")


class SeatState(TextChoices):
    """Whether a device holds the seat."""

    ACTIVE = "ACTIVE", _("In use")
    RELEASED = "RELEASED", _("Given back")
    DEACTIVATED = "DEACTIVATED", _("Protection stopped")


class HeldBy(TextChoices):
    """Who proves that the seat is in use."""

    DEVICE = "DEVICE", _("The device")
    INSTANCE = "INSTANCE", _("The console")


class SeatEventKind(TextChoices):
    """What happened to a seat. `delta` of the event says what it did to the count."""

    TAKEN = "TAKEN", _("Activated")
    RETAKEN = "RETAKEN", _("Activated again")
    MOVED_OUT = "MOVED_OUT", _("Moved away")
    MOVED_IN = "MOVED_IN", _("Moved here")
    KEY_REPLACED = "KEY_REPLACED", _("New key of the same device")
    RECREATED = "RECREATED", _("Found after restore")
    RELEASED = "RELEASED", _("Given back")
    DEACTIVATED = "DEACTIVATED", _("Protection stopped")
    RESTORED = "RESTORED", _("Protection resumed")
    RENAMED = "RENAMED", _("Renamed")


class AdminStatus(TextChoices):
    """State of a Security Admin's delegation."""

    INVITED = "INVITED", _("Invited")
    ACCEPTED = "ACCEPTED", _("Accepted")
    REVOKED = "REVOKED", _("Ended")


class LeaseKeyState(TextChoices):
    """Which lease key signs."""

    CURRENT = "CURRENT", _("Signs")
    NEXT = "NEXT", _("Signs next")
    RETIRED = "RETIRED", _("Only verifies")
