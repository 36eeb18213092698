"""Reads that combine several systems, for pages and API; every one starts from what the person may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from seatkeep_webkit.audit.models import AuditEntry
from seatkeep_webkit.audit.selectors import audit_list

from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.detections.selectors import detections_visible
from seatkeep_manager.directory.access import may_everywhere, of_companies, within
from seatkeep_manager.directory.enums import AccessLevel, Functionality, ProtectionStatus
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.selectors import (
    devices_active_visible,
    devices_matching,
    devices_visible,
    groups_visible,
)
from seatkeep_manager.hublink.models import MirroredCompany, MirroredLicense, MirroredNode
from seatkeep_manager.hublink.selectors import company_list, license_list, node_list, product_names
from seatkeep_manager.tasks.enums import FINAL_STATES
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.selectors import tasks_visible

SILENT_AFTER = timedelta(days=14)


@dataclass
class TreeNode:
    """A group in the tree of the Computers page."""

    group: StaticGroup
    company: MirroredCompany | None
    device_count: int = 0
    total: int = 0
    is_current: bool = False
    is_open: bool = False
    children: list[TreeNode] = field(default_factory=list)


def group_tree(user: User, *, current: StaticGroup | None) -> list[TreeNode]:
    """The groups that a person may see as a tree, with how many computers stand in and below each.

    A group whose parent is not visible becomes a root.
    """
    groups = list(groups_visible(user).order_by("kind", "name", "id"))
    companies = {found.group_id: found for found in customers_visible(user)}
    counts = dict(
        devices_active_visible(user)
        .order_by()
        .values_list("group_id")
        .annotate(n=Count("id"))
        .values_list("group_id", "n")
    )
    nodes = {g.pk: TreeNode(g, companies.get(g.pk), counts.get(g.pk, 0)) for g in groups}
    roots = [_attach(node, nodes) for node in nodes.values()]
    for node in nodes.values():
        for group_id in node.group.path:
            if group_id in nodes:
                nodes[group_id].total += node.device_count
        node.is_current = current is not None and node.group.pk == current.pk
        node.is_open = len(node.group.path) <= 3 or (current is not None and node.group.pk in current.path)
    return [node for node in roots if node]


def _attach(node: TreeNode, nodes: dict[int, TreeNode]) -> TreeNode | None:
    """Hang a node below its parent; returns it when it has none here."""
    parent = nodes.get(node.group.parent_id or 0)
    if parent is None:
        return node
    parent.children.append(node)
    return None


def devices_below(user: User, group: StaticGroup | None, *, is_retired: bool = False) -> QuerySet[Device]:
    """Managed computers, or those no longer managed, in a group and below it; all visible ones without a group."""
    devices = devices_visible(user).filter(state="RETIRED") if is_retired else devices_active_visible(user)
    return devices.filter(group__path__contains=[group.pk]) if group else devices


def tasks_with_progress(user: User) -> QuerySet[ClientTask]:
    """Tasks with how many runs there are, ended and failed."""
    runs = TaskRun.objects.filter(task=OuterRef("pk")).order_by().values("task")
    total = runs.annotate(n=Count("id")).values("n")
    done = runs.filter(state__in=FINAL_STATES).annotate(n=Count("id")).values("n")
    failed = runs.filter(state__in=["FAILED", "EXPIRED"]).annotate(n=Count("id")).values("n")
    return tasks_visible(user).annotate(
        runs_total=Coalesce(Subquery(total), 0),
        runs_done=Coalesce(Subquery(done), 0),
        runs_failed=Coalesce(Subquery(failed), 0),
    )


def licenses_with_seats(user: User) -> QuerySet[MirroredLicense]:
    """Licenses with the seats that the person's customers use of each.

    `used_most` is what all customers use of the busiest product: each product has the ordered seats for itself.
    """
    companies = _licensed(user).values("hub_id")
    nodes = MirroredNode.objects.filter(
        license_hub_id=OuterRef("hub_id"), is_deleted=False, company_hub_id__in=companies
    )
    used = nodes.order_by().values("license_hub_id").annotate(n=Sum("used")).values("n")
    agreed = nodes.order_by().values("license_hub_id").annotate(n=Sum("agreed")).values("n")
    shares = MirroredNode.objects.filter(license_hub_id=OuterRef("hub_id"), is_deleted=False).order_by()
    most = shares.values("license_hub_id", "product").annotate(n=Sum("used")).order_by("-n").values("n")[:1]
    licenses = license_list().annotate(
        used=Coalesce(Subquery(used), 0), agreed=Coalesce(Subquery(agreed), 0), used_most=Coalesce(Subquery(most), 0)
    )
    return licenses if may_everywhere(user, Functionality.LICENSES, AccessLevel.READ) else licenses.filter(used__gt=0)


def _licensed(user: User) -> QuerySet[MirroredCompany]:
    """The customers whose licenses a person may look at."""
    return within(company_list(), user, functionality=Functionality.LICENSES, level=AccessLevel.READ)


def license_customers(user: User, license_: MirroredLicense, *, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Customers' seats of a license, as far as the person may see the customer.

    Returns:
        At most `limit` shares that are agreed or in use, those with the most seats first, and how many more there are.
    """
    shares = node_list().filter(license_hub_id=license_.hub_id, company_hub_id__in=_licensed(user).values("hub_id"))
    shown = list(shares.filter(Q(used__gt=0) | Q(agreed__gt=0)).order_by("-used", "company_hub_id", "product")[:limit])
    names = product_names()
    found = {one.hub_id: one for one in _licensed(user).filter(hub_id__in=[one.company_hub_id for one in shown])}
    lines = [
        {"company": found[node.company_hub_id], "node": node, "product": names.get(node.product, node.product)}
        for node in shown
    ]
    return lines, shares.count() - len(lines)


def audit_visible(user: User) -> QuerySet[AuditEntry]:
    """The journal of what a person may read: everything with the whole instance, else by customer."""
    if may_everywhere(user, Functionality.AUDIT, AccessLevel.READ):
        return audit_list(company_uids=None)
    mine = of_companies(user, field="company_uid", functionality=Functionality.AUDIT, level=AccessLevel.READ)
    return audit_list(company_uids=None).filter(mine)


@dataclass(frozen=True)
class Dashboard:
    """The numbers of the dashboard."""

    protection: dict[str, int]
    silent: int
    online: int
    total: int
    open_detections: int
    detections_by_day: list[tuple[date, dict[str, int]]]
    """Each of the last 14 days with how many were found, by severity."""
    versions: list[tuple[str, int]]


def dashboard(user: User, *, now: datetime) -> Dashboard:
    """Count what the tiles show."""
    devices = devices_active_visible(user).order_by()
    counts = dict(devices.values_list("protection").annotate(n=Count("id")).values_list("protection", "n"))
    found = detections_visible(user).order_by()
    return Dashboard(
        protection={status: counts.get(status, 0) for status in ProtectionStatus.values},
        silent=devices.filter(last_seen_at__lt=now - SILENT_AFTER).count(),
        online=devices.filter(online_until__gt=now).count(),
        total=sum(counts.values()),
        open_detections=found.filter(resolved_at__isnull=True).count(),
        detections_by_day=_by_day(found, now),
        versions=list(
            devices.values(version=F("agent_version"))
            .annotate(n=Count("id"))
            .order_by("-n")
            .values_list("version", "n")
        ),
    )


def _by_day(found: QuerySet[Detection], now: datetime) -> list[tuple[date, dict[str, int]]]:
    since = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=13)
    rows = (
        found.filter(occurred_at__gte=since)
        .annotate(day=TruncDate("occurred_at"))
        .values("day", "severity")
        .annotate(n=Count("id"))
        .values_list("day", "severity", "n")
    )
    days: dict[date, dict[str, int]] = {(since + timedelta(days=offset)).date(): {} for offset in range(14)}
    for day, severity, count in rows:
        days.setdefault(day, {})[severity] = count
    return sorted(days.items())


def search_devices(user: User, text: str, *, limit: int = 8) -> list[Device]:
    """Computers whose name, serial number, last user or system fits the text."""
    return list(devices_matching(devices_active_visible(user), text).order_by("hostname")[:limit])


def search_customers(user: User, text: str, *, limit: int = 5) -> list[MirroredCompany]:
    """Customers whose name or number holds the text."""
    wanted = Q(name__icontains=text) | Q(custom_identifier__icontains=text)
    return list(customers_visible(user).filter(wanted)[:limit])
