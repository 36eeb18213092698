"""Words that problems store."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ProblemKind(TextChoices):
    """What is wrong."""

    OPEN_DETECTION = "open_detection", _("Detection not handled")
    NOT_PROTECTED = "not_protected", _("Not protected")
    SCAN_ONLY = "scan_only", _("Scan only")
    SIGNATURES_OLD = "signatures_old", _("Signatures are old")
    NO_SEAT = "no_seat", _("No free seat")
    WAITING_FOR_APPROVAL = "waiting_for_approval", _("Device waits for approval")
    SERVER_SILENT = "server_silent", _("Server is silent")
    WORKSTATION_SILENT = "workstation_silent", _("Workstation is silent")
    CAME_BACK = "came_back", _("Device came back")
    TASK_FAILED = "task_failed", _("Task failed")
    POLICY_GAP = "policy_gap", _("Device does not obey its newest settings")
    POLICY_ERROR = "policy_error", _("Settings could not be applied")
    ENGINE_DIFFERS = "engine_differs", _("Defender is not set as policies want")
    AGENT_OLD = "agent_old", _("Agent is too old")
    RESTART_NEEDED = "restart_needed", _("Restart needed")
    CLOCK_WRONG = "clock_wrong", _("Clock is wrong")
    DISK_LOW = "disk_low", _("Disk is nearly full")
    GROUP_UNKNOWN = "group_unknown", _("Group of the installation does not exist")
    KEY_BUSY = "key_busy", _("Deployment key is used unusually often")
    ROLLOUT_STOPPED = "rollout_stopped", _("Roll-out stopped itself")
    LINK_BROKEN = "link_broken", _("Licensing cannot be reached")
    BACKUP_OLD = "backup_old", _("Backup is too old")
    CONSOLE_DISK_LOW = "console_disk_low", _("Disk of this console is nearly full")


FORMER_KINDS = ("silent",)
"""Kinds that the release before wrote; the constraint lets them pass while it still runs beside this one."""

DEVICE_KINDS = (
    ProblemKind.OPEN_DETECTION,
    ProblemKind.NOT_PROTECTED,
    ProblemKind.SCAN_ONLY,
    ProblemKind.SIGNATURES_OLD,
    ProblemKind.NO_SEAT,
    ProblemKind.SERVER_SILENT,
    ProblemKind.WORKSTATION_SILENT,
    ProblemKind.CAME_BACK,
    ProblemKind.TASK_FAILED,
    ProblemKind.POLICY_GAP,
    ProblemKind.POLICY_ERROR,
    ProblemKind.ENGINE_DIFFERS,
    ProblemKind.AGENT_OLD,
    ProblemKind.RESTART_NEEDED,
    ProblemKind.CLOCK_WRONG,
    ProblemKind.DISK_LOW,
    ProblemKind.GROUP_UNKNOWN,
)
"""Those of one device, judged in sql/device_findings.sql."""

PLACE_KINDS = tuple(kind for kind in ProblemKind if kind not in DEVICE_KINDS)
"""Those of a customer or of the whole instance, judged in `instance`."""


class ProblemSeverity(TextChoices):
    """How much it matters."""

    RED = "RED", _("Urgent")
    AMBER = "AMBER", _("Soon")
    GREY = "GREY", _("Note")


class ProblemState(TextChoices):
    """What people have done about it."""

    OPEN = "OPEN", _("Open")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Seen")
    SNOOZED = "SNOOZED", _("Snoozed")
    RESOLVED = "RESOLVED", _("Gone")


UNRESOLVED = (ProblemState.OPEN, ProblemState.ACKNOWLEDGED, ProblemState.SNOOZED)


class ProblemVerb(TextChoices):
    """What happened to a problem."""

    OPENED = "OPENED", _("Appeared")
    SEVERITY = "SEVERITY", _("Changed urgency")
    CLOSED = "CLOSED", _("Gone by itself")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Seen")
    SNOOZED = "SNOOZED", _("Snoozed")
    WOKE = "WOKE", _("Came back after the snooze")
    REOPENED = "REOPENED", _("Opened again")
    ASSIGNED = "ASSIGNED", _("Given to")
    NOTED = "NOTED", _("Note")
    FIXED = "FIXED", _("Fix ordered")
    UNDONE = "UNDONE", _("Taken back")
