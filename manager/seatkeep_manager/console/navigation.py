"""What stands around every page of the console."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.navigation import Alerts, Navigation, NavItem, NavSection

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.customers.selectors import customers_new
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.enrollment.selectors import requests_waiting
from seatkeep_manager.problems.selectors import problems_open_count

_NEEDED = {
    "problems": Functionality.PROBLEMS, "dashboard": Functionality.REPORTS, "computers": Functionality.GROUPS,
    "customers": Functionality.CUSTOMERS, "approvals": Functionality.INSTALLERS, "detections": Functionality.DETECTIONS,
    "quarantine": Functionality.DETECTIONS, "tasks": Functionality.CLIENT_TASKS, "policies": Functionality.POLICIES,
    "installers": Functionality.INSTALLERS, "licenses": Functionality.LICENSES,
    "audit": Functionality.AUDIT, "users": Functionality.USERS, "api-clients": Functionality.API_CLIENTS,
}  # fmt: skip
"""What one must be permitted to look at, anywhere, for an entry to be offered."""


def navigation(request: HttpRequest) -> Navigation:
    """The menu, with what waits behind each entry."""
    user = viewer(request)
    problems = problems_open_count(user)
    sections = [
        NavSection("", [
            _item(_("Problems"), "problems", "alert-triangle", problems),
            _item(_("Dashboard"), "dashboard", "layout-dashboard"),
            _item(_("Computers"), "computers", "devices"),
            _item(_("Managed Customers"), "customers", "building", customers_new(user).count()),
            _item(_("Waiting for approval"), "approvals", "user-check", requests_waiting(user).count()),
        ]),
        NavSection(_("Protection"), [
            _item(_("Detections"), "detections", "bug"),
            _item(_("Quarantine"), "quarantine", "lock"),
            _item(_("Tasks"), "tasks", "list-check"),
            _item(_("Policies"), "policies", "adjustments"),
        ]),
        NavSection(_("Rollout"), [
            _item(_("Installers"), "installers", "download"),
            _item(_("Licenses"), "licenses", "license"),
        ]),
    ]  # fmt: skip
    sections.append(NavSection(_("System"), [
        _item(_("Users"), "users", "users"),
        _item(_("API clients"), "api-clients", "key"),
        _item(_("Audit"), "audit", "history"),
        *([_item(_("Licensing link"), "link", "link"), _item(_("Settings"), "settings", "settings")]
          if viewer_is_admin(request) else []),
    ]))  # fmt: skip
    return Navigation(
        sections=_offered(user, sections),
        search_url=reverse("console:search"),
        alerts=Alerts(url=reverse("console:problems"), count=problems),
    )


def _offered(user: User, sections: list[NavSection]) -> list[NavSection]:
    """Without what the person may not even look at, and without sections that are empty then."""
    hidden = {reverse(f"console:{name}") for name, about in _NEEDED.items() if not may(user, about)}
    shown = [NavSection(one.label, [item for item in one.items if item.url not in hidden]) for one in sections]
    return [section for section in shown if section.items]


def _item(label: object, name: str, icon: str, badge: int | None = None) -> NavItem:
    return NavItem(str(label), reverse(f"console:{name}"), icon=icon, badge=badge or None)
