"""The navigation on the left; what is not in use is not shown."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.navigation import Navigation, NavItem, NavSection

from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import access_settings
from seatkeep_hub.licensing.products import may_edit_catalog
from seatkeep_hub.msp.requests import is_asking_in_use, requests_to_decide
from seatkeep_hub.portal.selectors import is_one_msp


def navigation(request: HttpRequest) -> Navigation:
    """Sections for the signed-in person; none for others."""
    if not isinstance(request.user, User):
        return Navigation(sections=[])
    return Navigation(
        sections=[
            NavSection(label="", items=_daily(request.user, is_one=is_one_msp())),
            NavSection(label=_("Administration"), items=_administration(request.user, is_one=is_one_msp())),
        ],
        search_url=reverse("portal:search"),
    )


def _daily(viewer: User, *, is_one: bool) -> list[NavItem]:
    companies = _("Customers") if is_one else _("Companies")
    imports = reverse("portal:imports")
    return [
        NavItem(_("Dashboard"), reverse("portal:dashboard"), icon="layout-dashboard"),
        NavItem(companies, reverse("portal:companies"), icon="building", also=(imports,)),
        *([] if is_one else _requests(viewer)),
        NavItem(_("Licenses"), reverse("portal:licenses"), icon="license"),
        NavItem(_("Seats"), reverse("portal:seats"), icon="devices"),
        NavItem(_("Usage"), reverse("portal:usage"), icon="chart-bar"),
        *_statements(viewer),
    ]


def _statements(viewer: User) -> list[NavItem]:
    """Only for who may see prices somewhere: others would find an empty list."""
    if not any(Right.PRICES in one.holding.rights for one in access_settings(viewer)):
        return []
    return [NavItem(_("Statements"), reverse("portal:statements"), icon="receipt")]


def _requests(viewer: User) -> list[NavItem]:
    """Only where somebody has to ask; with how many wait for this person."""
    if not is_asking_in_use(viewer):
        return []
    waiting = requests_to_decide(viewer).count()
    return [NavItem(_("Requests"), reverse("portal:requests"), icon="rubber-stamp", badge=waiting or None)]


def _catalog(viewer: User) -> list[NavItem]:
    """Only for who may edit what this server sells."""
    if not may_edit_catalog(viewer):
        return []
    return [NavItem(_("Catalog"), reverse("portal:catalog-bundles"), icon="package")]


def _administration(viewer: User, *, is_one: bool) -> list[NavItem]:
    admins = [NavItem(_("Security Admins"), reverse("portal:admins"), icon="user-shield")]
    return [
        NavItem(_("Users"), reverse("portal:users"), icon="users"),
        *([] if is_one else admins),
        NavItem(_("Consoles"), reverse("portal:instances"), icon="server"),
        *_catalog(viewer),
        NavItem(_("Audit log"), reverse("portal:audit"), icon="history"),
        NavItem(_("Alerts"), reverse("portal:alerts"), icon="bell"),
        NavItem(_("Settings"), reverse("portal:settings"), icon="settings"),
    ]
