"""Tables of synchronizations, of what they would change, and of what failed."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Table

from seatkeep_manager.hublink.enums import ChangeKind, SyncState
from seatkeep_manager.hublink.models import SyncChange, SyncRun, SyncTrouble

RUN_TONES = {"DONE": "ok", "RUNNING": "info", "HELD": "warn", "FAILED": "bad"}
CHANGE_TONES = {"ADDED": "ok", "RENAMED": "info", "MOVED": "info", "CHANGED": "off", "REMOVED": "bad"}
KINDS = {
    "company": _("Company"),
    "license": _("License"),
    "node": _("Customer's seats"),
    "seat": _("Stopped seat"),
}


class SyncTable(Table[SyncRun]):
    """Synchronizations, newest first."""

    name = "syncs"
    opens_pages = True
    order = "-id"
    columns = (
        Column("started_at", _("Started"), sort="id", kind="when", is_title=True),
        Column("trigger", _("Why"), sort="trigger"),
        Column("kind", _("Read"), sort="kind"),
        Column(
            "state", _("State"), sort="state", badge={"DONE": "ok", "RUNNING": "info", "HELD": "warn", "FAILED": "bad"}
        ),
        Column("done", _("Result"), kind="long", template="console/cells/sync_counts.html", export=lambda r: r.done),
        Column("error", _("Says"), template="console/cells/path.html"),
    )
    filters = (ChoiceFilter("state", _("State"), SyncState.choices),)
    empty = Empty(_("Never synchronized."), "", icon="refresh")

    def row_url(self, row: SyncRun) -> str:
        """What it found, where that is kept: previews, and those that ask."""
        return reverse("console:link-changes", args=[row.uid])


class ChangeTable(Table[SyncChange]):
    """What would change."""

    name = "sync-changes"
    order = "pk"
    search = ("name__icontains", "former__icontains")
    columns = (
        Column("name", _("Name"), sort="name", is_title=True),
        Column("change", _("Change"), sort="change", badge=CHANGE_TONES),
        Column("kind", _("What"), sort="kind", value=lambda row: KINDS.get(row.kind, row.kind)),
        Column("former", _("Until now"), sort="former", kind="long"),
    )
    filters = (
        ChoiceFilter("change", _("Change"), ChangeKind.choices),
        ChoiceFilter("kind", _("What"), list(KINDS.items())),
    )
    empty = Empty(_("Nothing would change."), _("This console says the same as Licensing."), icon="circle-check")


class TroubleTable(Table[SyncTrouble]):
    """What could not be taken over."""

    name = "sync-troubles"
    order = "first_at"
    search = ("name__icontains", "item_id__icontains", "reason__icontains")
    columns = (
        Column("name", _("Name"), sort="name", is_title=True, value=lambda row: row.name or row.item_id),
        Column("kind", _("What"), sort="kind", value=lambda row: KINDS.get(row.kind, row.kind)),
        Column("reason", _("Why not"), sort="reason", kind="long"),
        Column("first_at", _("Since"), sort="first_at", kind="when"),
        Column("attempts", _("Tries"), sort="attempts", kind="number"),
    )
    empty = Empty(_("Everything was taken over."), "", icon="circle-check")
