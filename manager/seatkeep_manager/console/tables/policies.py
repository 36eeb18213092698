"""Tables of policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import BulkAction, ChoiceFilter, Column, Empty, QueryFilter, Table

from seatkeep_manager.console.owners import owner_words
from seatkeep_manager.console.people import viewer
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.counting import policies_device_counts
from seatkeep_manager.policies.enums import UNFINISHED, PolicyProduct
from seatkeep_manager.policies.models import Policy, PolicyAssignment, PolicyRollout

_ASSIGNED = Exists(PolicyAssignment.objects.filter(policy=OuterRef("pk")))
_UNDER_WAY = Exists(PolicyRollout.objects.filter(policy=OuterRef("pk"), state__in=UNFINISHED))
KINDS = {"own": (_("Own"), Q(builtin__isnull=True)), "builtin": (_("Built in"), Q(builtin__isnull=False))}
STATES = {
    "assigned": (_("Assigned"), Q(_ASSIGNED)),
    "unassigned": (_("To nobody"), ~Q(_ASSIGNED)),
    "rollout": (_("Being rolled out"), Q(_UNDER_WAY)),
}


def policy_targets(policy: Policy) -> str:
    """The names of what a policy is assigned to, for a file."""
    return ", ".join(str(row.target) for row in policy.assignments.all())


class PolicyTable(Table[Policy]):
    """Policies a person may see."""

    name = "policies"
    order = "name"
    opens_pages = True
    search = ("name__icontains", "description__icontains")
    columns = (
        Column("name", _("Policy"), sort="name", is_title=True, template="console/cells/policy_name.html"),
        Column("product", _("For"), sort="product", badge=dict.fromkeys(PolicyProduct.values, "off")),
        Column(
            "settings", _("Settings"), template="console/cells/policy_settings.html", export=lambda p: len(p.settings)
        ),
        Column("targets", _("Assigned to"), template="console/cells/policy_targets.html", export=policy_targets),
        Column("device_count", _("Computers"), kind="number"),
        Column("version", _("Version"), sort="version", kind="number", template="console/cells/policy_version.html"),
        Column("owner_name", _("Belongs to")),
        Column("changed_at", _("Changed"), sort="changed_at", kind="when"),
        Column("description", _("What it is for"), is_hidden=True),
    )
    filters = (
        ChoiceFilter("product", _("For"), PolicyProduct.choices),
        QueryFilter("state", _("Assigned"), STATES),
        QueryFilter("kind", _("Kind"), KINDS),
    )
    bulk_actions = (BulkAction("export", _("Export"), "console:policies-export", icon="file-export"),)
    empty = Empty(
        _("No policies yet."),
        _("A policy sets what computers of a group have to obey. Create the first."),
        icon="adjustments",
    )

    def row_url(self, row: Policy) -> str:
        """The page of one policy."""
        return reverse("console:policy", args=[row.uid])

    def prepare(self, rows: Sequence[Any]) -> None:
        """Count the computers of the shown policies, name their owners, and look how their roll-outs are."""
        counts, names = policies_device_counts(viewer(self.request), rows), owner_names(rows)
        newest = PolicyRollout.objects.filter(policy__in=rows).select_related("version")
        rollouts = {one.policy_id: one for one in newest.order_by("policy_id", "-id").distinct("policy_id")}
        for row in rows:
            found = rollouts.get(row.pk)
            row.rollout = found if found and found.version.version > row.version else None
            row.device_count = counts.get(row.pk, 0)
            row.owner_name = names.get(row.company_hub_id, "") if row.company_hub_id else _("All customers")


def owner_names(policies: Sequence[Policy]) -> dict[Any, str]:
    """The customers that own policies, by their ids in Licensing."""
    ids = {one.company_hub_id for one in policies if one.company_hub_id}
    return {one.hub_id: owner_words(one) for one in MirroredCompany.objects.filter(hub_id__in=ids)}


class BinTable(Table[Policy]):
    """Deleted policies that a person may bring back."""

    name = "policies-bin"
    order = "-deleted_at"
    search = ("name__icontains",)
    columns = (
        Column("name", _("Policy"), sort="name", is_title=True),
        Column("product", _("For"), sort="product", badge=dict.fromkeys(PolicyProduct.values, "off")),
        Column(
            "former_targets",
            _("Was assigned to"),
            template="console/cells/policy_former.html",
            export=lambda p: len(p.former_targets),
        ),
        Column("deleted_at", _("Deleted"), sort="deleted_at", kind="when"),
        Column("restore", "", template="console/cells/policy_restore.html", export=lambda p: ""),
    )
    empty = Empty(_("Nothing was deleted."), "", icon="trash")
