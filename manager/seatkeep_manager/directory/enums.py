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


class DeviceVerb(TextChoices):
    """What a person did to computers and may take back."""

    MOVE = "MOVE", _("Moved")
    RENAME = "RENAME", _("Renamed")
    RETIRE = "RETIRE", _("No longer managed")
    RESTORE = "RESTORE", _("Managed again")


class ProtectionStatus(TextChoices):
    """What the engines on a device declare, judged by one rule for every product."""

    UNKNOWN = "UNKNOWN", _("Not reported yet")
    PROTECTED = "PROTECTED", _("Protected")
    SCAN_ONLY = "SCAN_ONLY", _("Scan only")
    TEST_RULES = "TEST_RULES", _("Test rules")
    NOT_PROTECTED = "NOT_PROTECTED", _("Not protected")


class AccessLevel(TextChoices):
    """How far a permission goes; each includes those below it."""

    WRITE = "WRITE", _("Change")
    USE = "USE", _("Use")
    READ = "READ", _("Look")
    NONE = "NONE", _("Nothing")


class Functionality(TextChoices):
    """What a permission is about; what USE adds to looking is said in `rights.USES`."""

    GROUPS = "GROUPS", _("Groups and computers")
    CUSTOMERS = "CUSTOMERS", _("Customers, their set-up and off-boarding")
    PROBLEMS = "PROBLEMS", _("Problems")
    DETECTIONS = "DETECTIONS", _("Detections and quarantine")
    POLICIES = "POLICIES", _("Policies")
    CLIENT_TASKS = "CLIENT_TASKS", _("Client tasks")
    COMMANDS = "COMMANDS", _("Client tasks that run commands")
    SERVER_TASKS = "SERVER_TASKS", _("Server tasks")
    INSTALLERS = "INSTALLERS", _("Installers, deployment and approvals")
    LICENSES = "LICENSES", _("Licenses")
    REPORTS = "REPORTS", _("Dashboard and reports")
    USERS = "USERS", _("Users and permission sets")
    AUDIT = "AUDIT", _("Audit log")
    API_CLIENTS = "API_CLIENTS", _("API clients")
    SETTINGS = "SETTINGS", _("Settings and the link to Licensing")
