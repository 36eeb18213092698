"""Computers: the tree, the table, one computer with its tabs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response

from seatkeep_manager.console.audit_words import WORDS
from seatkeep_manager.console.effective import product_rows
from seatkeep_manager.console.engine_words import difference_rows, engine_rows, policy_mode_words
from seatkeep_manager.console.group_facts import group_facts
from seatkeep_manager.console.group_places import (
    asked_dynamic,
    asked_group,
    dynamic_items,
    group_items,
    scope_of,
    way_to,
)
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.reported import with_reported
from seatkeep_manager.console.tables.devices import DeviceTable, RetiredTable
from seatkeep_manager.console.words import lease_facts, product_words, reason_words
from seatkeep_manager.customers.across import audit_visible, devices_below, group_tree
from seatkeep_manager.detections.selectors import device_detections
from seatkeep_manager.directory.access import may_at
from seatkeep_manager.directory.acts import act_last
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.rules import is_online
from seatkeep_manager.directory.selectors import device_get, device_inventory_get, devices_visible
from seatkeep_manager.policies.selectors import device_assignments, device_chain
from seatkeep_manager.problems.selectors import device_problems
from seatkeep_manager.statedocs.selectors import license_assignment_get
from seatkeep_manager.tasks.selectors import device_task_runs

TABS = {
    "overview": Functionality.GROUPS, "detections": Functionality.DETECTIONS, "tasks": Functionality.CLIENT_TASKS,
    "policies": Functionality.POLICIES, "inventory": Functionality.GROUPS, "license": Functionality.LICENSES,
    "logs": Functionality.AUDIT,
}  # fmt: skip
"""The views of a computer, with what one must be permitted to look at there."""


@require_safe
def computers(request: HttpRequest) -> HttpResponseBase:
    """The tree on the left, the computers of the chosen group and all below on the right."""
    user, address = viewer(request), reverse("console:computers")
    dynamic = asked_dynamic(request)
    group = dynamic.anchor if dynamic else asked_group(request)
    is_retired = request.GET.get("state") == DeviceState.RETIRED
    devices = devices_below(user, group, is_retired=is_retired)
    shown = devices.filter(memberships__group=dynamic) if dynamic else devices
    table = (RetiredTable if is_retired else DeviceTable)(request, shown, scope=scope_of(group, dynamic))
    context: dict[str, object] = {"group": group, "above": way_to(user, group, address) if group else []}
    if not table.is_part:
        tree = group_tree(user, current=None if dynamic else group)
        context["tree"] = group_items(tree, address, dynamic_items(user, address, current=dynamic))
        context |= group_facts(user, group, dynamic)
        context["last_act"] = act_last(user, now=clock_now())
    return table.response("console/computers.html", context)


@require_safe
def device(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One computer, as drawer or page; `?tab=` chooses what to show."""
    found = device_get(viewer(request), uid=uid)
    tab = request.GET.get("tab", "overview")
    tabs = [name for name in TABS if may_at(viewer(request), found.group, TABS[name], AccessLevel.READ)]
    tab = tab if tab in tabs else "overview"
    assignment = license_assignment_get(found)
    context = {
        "device": found,
        "is_online": is_online(online_until=found.online_until, now=clock_now()),
        "is_muted": found.muted_until is not None and found.muted_until > clock_now(),
        "last_act": act_last(viewer(request), now=clock_now(), device=found),
        "assignment": assignment,
        "assigned_product": product_words(assignment.product) if assignment else "",
        "can_write": devices_visible(viewer(request), level=AccessLevel.WRITE).filter(pk=found.pk).exists(),
        "tab": tab,
        "tabs": _tabs(found, tab, tabs),
        "above": way_to(viewer(request), found.group, reverse("console:computers")),
        **_tab_context(request, found, tab),
    }
    return detail_response(request, "console/device.html", context)


def _tabs(found: Device, current: str, offered: list[str]) -> list[dict[str, Any]]:
    words = {
        "overview": _("Overview"), "detections": _("Detections"), "tasks": _("Tasks"), "policies": _("Policies"),
        "inventory": _("Inventory"), "license": _("License"), "logs": _("Logs"),
    }  # fmt: skip
    base = reverse("console:device", args=[found.uid])
    return [{"label": words[name], "url": f"{base}?tab={name}", "is_current": name == current} for name in offered]


def _tab_context(request: HttpRequest, found: Device, tab: str) -> dict[str, Any]:
    """What one tab shows; nothing is read for the others."""
    if tab == "overview":
        return {
            "runs": list(device_task_runs(found)[:3]),
            "open_detections": _open_detections(found),
            "problems": device_problems(found),
            "detections_url": f"{reverse('console:device', args=[found.uid])}?tab=detections",
            "reasons": reason_words(found.protection_reasons),
            "engines": engine_rows(found),
            "differences": difference_rows(found),
            "policy_mode": policy_mode_words(found),
        }
    if tab == "detections":
        return {"detections": list(device_detections(found)[:100])}
    if tab == "tasks":
        return {"runs": list(device_task_runs(found)[:100])}
    if tab == "policies":
        products = [with_reported(found, product_rows(found, "endpoint")), product_rows(found, "agent")]
        return {"products": products, "way": _way(found), "assignments": list(device_assignments(found))}
    if tab == "inventory":
        return {"inventory": device_inventory_get(found)}
    if tab == "license":
        return {"lease": lease_facts(found.lease)}
    if tab == "logs":
        entries = audit_visible(viewer(request)).filter(subject_type="device", subject_id=str(found.uid))
        latest = list(entries[:100])
        return {"entries": list(zip(latest, WORDS.lines(latest), strict=True))}
    return {}


def _way(found: Device) -> list[dict[str, Any]]:
    """The groups from All down to the computer with the policies that stand there."""
    return [{"name": node.name, "policies": [policy.name for policy in node.policies]} for node in device_chain(found)]


def _open_detections(found: Device) -> int:
    return device_detections(found).filter(resolved_at__isnull=True).count()


@require_safe
def device_presence(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The live head of a computer's page, polled each second while it is looked at."""
    found = device_get(viewer(request), uid=uid)
    context = {
        "device": found,
        "is_online": is_online(online_until=found.online_until, now=clock_now()),
        "is_muted": found.muted_until is not None and found.muted_until > clock_now(),
        "assignment": license_assignment_get(found),
    }
    return render(request, "console/parts/presence.html", context)
