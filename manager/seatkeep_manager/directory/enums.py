"""Words that the directory stores."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class GroupKind(TextChoices):
    """What a static group is there for."""

    ROOT = "ROOT", _("All")
    COMPANIES = "COMPANIES", _("Companies")
    UNASSIGNED = "UNASSIGNED", _("Unassigned")
    MIRROR = "MIRROR", _("Company")
    FREE = "FREE", _("Group")


class DeviceKind(TextChoices):
    """What sort of machine a device is."""

    WORKSTATION = "WORKSTATION", _("Workstation")
    SERVER = "SERVER", _("Server")
    MOBILE = "MOBILE", _("Mobile")


class DeviceState(TextChoices):
    """Whether a device is managed."""

    ACTIVE = "ACTIVE", _("Managed")
    RETIRED = "RETIRED", _("Retired")


class ProtectionStatus(TextChoices):
    """What the engines on a device declare, judged by one rule for every product."""

    UNKNOWN = "UNKNOWN", _("Not reported yet")
    PROTECTED = "PROTECTED", _("Protected")
    SCAN_ONLY = "SCAN_ONLY", _("Scan only")
    TEST_RULES = "TEST_RULES", _("Test rules")
    NOT_PROTECTED = "NOT_PROTECTED", _("Not protected")


class AccessLevel(TextChoices):
    """What a person may do with a company and everything below it."""

    WRITE = "WRITE", _("Change")
    READ = "READ", _("Look")
    NONE = "NONE", _("Nothing")
