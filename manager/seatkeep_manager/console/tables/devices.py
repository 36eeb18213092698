"""Tables of computers and what happens on them."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import QueryDict
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, QueryFilter, Table

from seatkeep_manager.console.engine_words import action_words, engine_name
from seatkeep_manager.console.group_places import scope_dynamic, scope_path
from seatkeep_manager.customers.across import SILENT_AFTER
from seatkeep_manager.detections.enums import Engine, QuarantineState, Severity
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.enums import DeviceKind, ProtectionStatus
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.selectors import DEVICE_SEARCH
from seatkeep_manager.enrollment.enums import WaitReason
from seatkeep_manager.enrollment.models import EnrollmentRequest

PROTECTION_TONES = {
    "PROTECTED": "ok",
    "SCAN_ONLY": "warn",
    "TEST_RULES": "off",
    "NOT_PROTECTED": "bad",
    "UNKNOWN": "info",
}
SEVERITY_TONES = {"CRITICAL": "bad", "WARNING": "warn", "INFO": "info"}


SYSTEMS = {
    "WINDOWS": (_("Windows"), Q(os_family="WINDOWS")),
    "LINUX": (_("Linux"), Q(os_family="LINUX")),
    "MACOS": (_("macOS"), Q(os_family="MACOS")),
    "windows-11": (_("Windows 11"), Q(os_family="WINDOWS", os_name__startswith="Windows 11")),
    "windows-10": (_("Windows 10"), Q(os_family="WINDOWS", os_name__startswith="Windows 10")),
    "windows-server": (_("Windows Server"), Q(os_family="WINDOWS", os_name__startswith="Windows Server")),
}
EDITIONS = {
    "home": (_("Home"), Q(os_edition__startswith="Core")),
    "pro": (_("Pro"), Q(os_edition__startswith="Professional")),
    "enterprise": (_("Enterprise"), Q(os_edition__startswith="Enterprise")),
    "education": (_("Education"), Q(os_edition__startswith="Education")),
    "server-standard": (_("Server Standard"), Q(os_edition__startswith="ServerStandard")),
    "server-datacenter": (_("Server Datacenter"), Q(os_edition__startswith="ServerDatacenter")),
}
"""Windows editions by what the registry calls them (EditionID)."""
CONTACTS = {
    "online": (_("Online now"), Q(online_until__gt=Now())),
    "offline": (_("Offline"), Q(online_until__lte=Now()) | Q(online_until__isnull=True)),
    "silent": (_("Silent for 14 days"), Q(last_seen_at__lt=Now() - SILENT_AFTER)),
}
MUTED = {"yes": (_("Muted now"), Q(muted_until__gt=Now()))}


class DeviceTable(Table[Device]):
    """Computers of a group and everything below it."""

    name = "devices"
    order = "hostname"
    search = DEVICE_SEARCH
    columns = (
        Column("name", _("Computer"), sort="hostname", is_title=True, template="console/cells/device.html"),
        Column("group.name", _("Group"), sort="group__name"),
        Column("protection", _("Protection"), sort="protection", badge=PROTECTION_TONES),
        Column(
            "lease",
            _("License"),
            template="console/cells/license_state.html",
            export=lambda d: d.lease.get("state", ""),
        ),
        Column("os_name", _("System"), sort="os_name", value=lambda d: d.system),
        Column("last_seen_at", _("Last contact"), sort="last_seen_at", kind="when"),
        Column("kind", _("Kind"), sort="kind", is_hidden=True),
        Column("os_edition", _("Edition"), sort="os_edition", is_hidden=True),
        Column("os_build", _("Build"), sort="os_build", is_hidden=True),
        Column("domain", _("Domain"), sort="domain", is_hidden=True),
        Column("last_user", _("Last user"), sort="last_user", is_hidden=True),
        Column("serial", _("Serial number"), sort="serial", is_hidden=True),
        Column("manufacturer", _("Manufacturer"), sort="manufacturer", is_hidden=True),
        Column("model", _("Model"), sort="model", is_hidden=True),
        Column("agent_version", _("Agent"), sort="agent_version", is_hidden=True),
        Column("enrolled_at", _("Since"), sort="enrolled_at", kind="when", is_hidden=True),
    )
    filters = (
        ChoiceFilter("protection", _("Protection"), ProtectionStatus.choices),
        QueryFilter("contact", _("Contact"), CONTACTS),
        QueryFilter("os", _("System"), SYSTEMS),
        QueryFilter("edition", _("Windows edition"), EDITIONS),
        ChoiceFilter("kind", _("Kind"), DeviceKind.choices),
        QueryFilter("muted", _("Muted"), MUTED),
        ChoiceFilter("state", _("Management"), [("RETIRED", _("No longer managed"))]),
    )
    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("scan", _("Scan…"), "console:task-new", icon="search"),
        BulkAction("task", _("Task…"), "console:tasks-chosen", icon="list-check"),
        BulkAction("move", _("Move…"), "console:devices-move", icon="arrows-move"),
        BulkAction("rename", _("Rename…"), "console:devices-rename", icon="pencil"),
        BulkAction("mute", _("Mute…"), "console:devices-mute", icon="bell-off"),
        BulkAction("retire", _("Stop managing…"), "console:devices-retire", icon="trash", is_danger=True),
    )
    empty = Empty(
        _("No computers here yet."),
        _("Open Installers, copy the command and run it on a computer; it appears here by itself."),
        icon="devices",
        url=reverse_lazy("console:installers"),
        label=_("Open Installers"),
    )

    def apply_scope(self, queryset: QuerySet[Device], scope: QueryDict) -> QuerySet[Device]:
        """The group of the page and everything below it, or the members of its dynamic group; managed ones or not."""
        queryset = queryset.filter(state="RETIRED" if scope.get("state") == "RETIRED" else "ACTIVE")
        members_of = scope_dynamic(scope)
        if members_of is not None:
            return queryset.filter(memberships__group=members_of)
        path = scope_path(scope)
        return queryset if path is None else queryset.filter(group__path__contains=path)

    def row_url(self, row: Device) -> str:
        """The drawer of one computer."""
        return reverse("console:device", args=[row.uid])


class RetiredTable(DeviceTable):
    """Computers that are no longer managed."""

    bulk_actions: ClassVar[tuple[BulkAction, ...]] = (
        BulkAction("rename", _("Rename…"), "console:devices-rename", icon="pencil"),
        BulkAction("restore", _("Manage again…"), "console:devices-restore", icon="arrow-back-up"),
    )


class DetectionTable(Table[Detection]):
    """What engines found."""

    name = "detections"
    order = "-occurred_at"
    search = ("name__icontains", "path__icontains", "device__hostname__icontains")
    columns = (
        Column("name", _("Detection"), sort="name", is_title=True),
        Column("severity", _("Severity"), sort="severity", badge=SEVERITY_TONES),
        Column("resolution", _("State"), sort="resolved_at", template="console/cells/resolution.html"),
        Column("device.name", _("Computer"), sort="device__hostname"),
        Column("device.group.name", _("Group"), sort="device__group__name"),
        Column("engine", _("Found by"), sort="engine", value=lambda d: engine_name(d.engine)),
        Column("path", _("File"), sort="path", template="console/cells/path.html"),
        Column("occurred_at", _("When"), sort="occurred_at", kind="when"),
        Column("action", _("Done"), sort="action", value=lambda d: action_words(d.action), is_hidden=True),
    )
    filters = (
        ChoiceFilter("engine", _("Found by"), Engine.choices),
        QueryFilter(
            "state",
            _("State"),
            {
                "open": (_("Open"), Q(resolved_at__isnull=True)),
                "closed": (_("Closed"), Q(resolved_at__isnull=False)),
            },
        ),
        ChoiceFilter("severity", _("Severity"), Severity.choices),
    )
    bulk_actions = (BulkAction("resolve", _("Resolve…"), "console:detections-resolve", icon="check"),)
    empty = Empty(_("No detections."), _("Nothing was found on any computer you may see."), icon="shield-check")

    def apply_scope(self, queryset: QuerySet[Detection], scope: QueryDict) -> QuerySet[Detection]:
        """The computers of the page's group and everything below it."""
        path = scope_path(scope)
        return queryset if path is None else queryset.filter(device__group__path__contains=path)

    def row_url(self, row: Detection) -> str:
        """The drawer of one detection."""
        return reverse("console:detection", args=[row.uid])


class QuarantineTable(Table[QuarantineItem]):
    """Files that computers keep locked away."""

    name = "quarantine"
    order = "-quarantined_at"
    search = ("path__icontains", "name__icontains", "device__hostname__icontains")
    columns = (
        Column("path", _("File"), sort="path", is_title=True, template="console/cells/path.html"),
        Column("name", _("Detection"), sort="name"),
        Column("device.name", _("Computer"), sort="device__hostname"),
        Column("size_bytes", _("Size"), sort="size_bytes", kind="number", template="console/cells/bytes.html"),
        Column(
            "state", _("State"), sort="state",
            badge={"HELD": "warn", "RESTORED": "info", "DELETED": "off", "FAILED": "bad"},
        ),
        Column("quarantined_at", _("Since"), sort="quarantined_at", kind="when"),
    )  # fmt: skip
    filters = (ChoiceFilter("state", _("State"), QuarantineState.choices),)
    bulk_actions = (
        BulkAction("restore", _("Restore…"), "console:quarantine-restore", icon="arrow-back-up"),
        BulkAction("delete", _("Delete…"), "console:quarantine-delete", icon="trash", is_danger=True),
    )
    empty = Empty(_("Nothing in quarantine."), _("Files that an engine locks away appear here."), icon="lock")

    def row_url(self, row: QuarantineItem) -> str:
        """The drawer of one file."""
        return reverse("console:quarantine-item", args=[row.uid])


class ApprovalTable(Table[EnrollmentRequest]):
    """Computers that wait to be let in."""

    name = "approvals"
    order = "-last_asked_at"
    search = ("hostname__icontains",)
    columns = (
        Column("hostname", _("Computer"), sort="hostname", is_title=True),
        Column("group.name", _("Would join"), sort="group__name"),
        Column("reason", _("Why it waits"), sort="reason", badge=dict.fromkeys(WaitReason.values, "warn")),
        Column(
            "replaces",
            _("Looks like"),
            sort="replaces__hostname",
            value=lambda r: r.replaces.name if r.replaces else "",
        ),
        Column("token", _("Came with"), value=lambda r: f"{r.token.get_kind_display()} …{r.token.hint}"),
        Column("ip", _("Address"), sort="ip"),
        Column("first_asked_at", _("First asked"), sort="first_asked_at", kind="when"),
        Column("last_asked_at", _("Last asked"), sort="last_asked_at", kind="when"),
    )  # fmt: skip
    filters = (ChoiceFilter("reason", _("Why it waits"), WaitReason.choices),)
    bulk_actions = (
        BulkAction("approve", _("Approve…"), "console:approvals-approve", icon="check"),
        BulkAction("reject", _("Reject…"), "console:approvals-reject", icon="x", is_danger=True),
    )
    empty = Empty(
        _("Nobody waits."),
        _("A computer that comes with an expired, revoked or used-up key waits here instead of vanishing."),
        icon="user-check",
    )
