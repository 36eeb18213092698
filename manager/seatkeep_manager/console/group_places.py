"""Groups as pages show them: the tree beside a table, the way to a group, the choice of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from seatkeep_webkit.navigation import NavItem
from seatkeep_webkit.trees import TreeItem, open_to_current

from seatkeep_manager.console.people import viewer
from seatkeep_manager.customers.across import TreeNode
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import group_get, groups_visible
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.grouping.selectors import dynamic_group_get, dynamic_groups_visible, member_counts
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState
from seatkeep_manager.hublink.models import MirroredCompany

_KIND_ICONS = {GroupKind.ROOT: "stack-2", GroupKind.COMPANIES: "buildings", GroupKind.UNASSIGNED: "inbox"}
_SYSTEM_KINDS = (GroupKind.ROOT, GroupKind.COMPANIES)


def asked_group(request: HttpRequest) -> StaticGroup | None:
    """The group in `?group=`; None without one.

    Raises:
        GroupNotFoundError: It is not the person's to see.
    """
    try:
        uid = UUID(request.GET.get("group", ""))
    except ValueError:
        return None
    return group_get(viewer(request), uid=uid)


def asked_dynamic(request: HttpRequest) -> DynamicGroup | None:
    """The dynamic group in `?dynamic=`; None without one.

    Raises:
        DynamicGroupNotFoundError: It is not the person's to see.
    """
    try:
        uid = UUID(request.GET.get("dynamic", ""))
    except ValueError:
        return None
    return dynamic_group_get(viewer(request), uid=uid)


def scope_of(group: StaticGroup | None, dynamic: DynamicGroup | None = None) -> dict[str, str]:
    """The scope of a table that shows a group and everything below it, or the members of a dynamic group."""
    if dynamic:
        return {"dynamic": str(dynamic.uid)}
    return {"group": str(group.uid)} if group else {}


def scope_dynamic(scope: QueryDict) -> int | None:
    """The id of the dynamic group that a posted selection came from; None for none, 0 for one that is gone."""
    text = scope.get("dynamic", "")
    if not text:
        return None
    try:
        return DynamicGroup.objects.filter(uid=UUID(text)).values_list("pk", flat=True).first() or 0
    except ValueError:
        return 0


def scope_path(scope: QueryDict) -> list[int] | None:
    """The id of the group that a posted selection came from, as a path lookup takes it; None for everywhere.

    An address that names no group any more means nothing, never everything.
    """
    text = scope.get("group", "")
    if not text:
        return None
    try:
        found = StaticGroup.objects.filter(uid=UUID(text)).values_list("pk", flat=True).first()
    except ValueError:
        found = None
    return [found or 0]


def group_items(
    nodes: Iterable[TreeNode], address: str, dynamic: Mapping[int, list[TreeItem]] | None = None
) -> list[TreeItem]:
    """The tree of groups; a click narrows the page at `address`.

    Args:
        nodes: The static groups.
        address: The page.
        dynamic: Static group → the dynamic groups directly below it (`dynamic_items`).
    """
    items = [_item(node, address, dynamic or {}) for node in nodes]
    open_to_current(items, levels=3)
    return items


def dynamic_items(user: User, address: str, *, current: DynamicGroup | None) -> dict[int, list[TreeItem]]:
    """The dynamic groups that a person may see, by static group, each with how many computers belong to it."""
    counts = member_counts(groups_visible(user))
    groups = list(dynamic_groups_visible(user))
    items = {
        group.pk: TreeItem(
            label=group.name,
            url=f"{address}?{urlencode({'dynamic': group.uid})}",
            icon="filter",
            count=counts.get(group.pk, 0),
            is_current=current is not None and current.pk == group.pk,
        )
        for group in groups
    }
    tops: dict[int, list[TreeItem]] = defaultdict(list)
    for group in groups:
        place = items[group.parent_id].children if group.parent_id in items else tops[group.anchor_id]
        place.append(items[group.pk])
    return tops


def _item(node: TreeNode, address: str, dynamic: Mapping[int, list[TreeItem]]) -> TreeItem:
    icon, badge, tone = _status(node.group, node.company)
    return TreeItem(
        label=node.group.name,
        url=f"{address}?{urlencode({'group': node.group.uid})}",
        icon=icon,
        count=node.total,
        badge=badge,
        tone=tone,
        is_current=node.is_current,
        children=[*(_item(child, address, dynamic) for child in node.children), *dynamic.get(node.group.pk, ())],
    )


def _status(group: StaticGroup, company: MirroredCompany | None) -> tuple[str, str, str]:
    """Icon, word and tone of a customer's status; a plain group has only its icon."""
    if company is None:
        return _KIND_ICONS.get(GroupKind(group.kind), "folder"), "", "off"
    if company.state == CustomerState.UNLINKED:
        return "link-off", _("Removed"), "off"
    if company.hub_state == HubCompanyState.SUSPENDED:
        return "player-pause", _("Suspended"), "warn"
    if company.state == CustomerState.NOT_SET_UP:
        return "building", _("New"), "info"
    return "building", "", "ok"


def way_to(user: User, group: StaticGroup, address: str) -> list[NavItem]:
    """The groups above a group that the person may see, for the breadcrumb."""
    above = groups_visible(user).filter(pk__in=group.path[:-1]).exclude(kind__in=_SYSTEM_KINDS)
    ordered = sorted(above, key=lambda one: len(one.path))
    return [NavItem(one.name, f"{address}?{urlencode({'group': one.uid})}") for one in ordered]


def group_labels(visible: QuerySet[StaticGroup], groups: Iterable[StaticGroup]) -> dict[int, str]:
    """Groups by id as "Customer / Group", because every customer has an "Office"; one statement for all.

    Args:
        visible: The groups of which the person may know the names.
        groups: Those to name.
    """
    chosen = list(groups)
    above = {pk for group in chosen for pk in group.path}
    shown = visible.filter(pk__in=above).exclude(kind__in=_SYSTEM_KINDS)
    names = dict(shown.values_list("pk", "name"))
    return {group.pk: " / ".join(names[pk] for pk in group.path if pk in names) or group.name for group in chosen}


if TYPE_CHECKING:
    _ModelChoiceField = forms.ModelChoiceField[StaticGroup]
else:
    _ModelChoiceField = forms.ModelChoiceField


class GroupField(_ModelChoiceField):
    """A choice of one group, named with the way to it, because every customer has an "Office"."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "Customer / Group"."""
        names = [self._names[pk] for pk in obj.path if pk in self._names]
        return " / ".join(names) or str(obj)

    @property
    def _names(self) -> dict[int, str]:
        known: dict[int, str] | None = getattr(self, "_known", None)
        if known is None:
            offered = StaticGroup.objects.none() if self.queryset is None else self.queryset
            shown = offered.exclude(kind__in=_SYSTEM_KINDS)
            known = self._known = dict(shown.values_list("pk", "name"))
        return known
