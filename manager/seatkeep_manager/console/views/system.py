"""Licenses, audit, settings, search."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.navigation import SearchGroup, SearchHit, search_response

from seatkeep_manager.console.group_places import group_labels
from seatkeep_manager.console.people import admin, audit_scope, viewer
from seatkeep_manager.console.tables.customers import AuditTable, LicenseTable
from seatkeep_manager.customers.across import (
    audit_visible,
    license_customers,
    licenses_with_seats,
    search_customers,
    search_devices,
)
from seatkeep_manager.customers.selectors import customer_get
from seatkeep_manager.deployment.kits import linux_payload
from seatkeep_manager.directory.enums import GroupKind
from seatkeep_manager.directory.selectors import groups_found, groups_visible
from seatkeep_manager.hublink.errors import LicenseNotFoundError
from seatkeep_manager.policies.selectors import policies_visible
from seatkeep_manager.rights.selectors import user_get

SHARES_SHOWN = 50
MOST_FOUND = 5
"""Of groups and of policies, in the global search."""


@require_safe
def licenses(request: HttpRequest) -> HttpResponseBase:
    """Licenses as Licensing tells them."""
    return LicenseTable(request, licenses_with_seats(viewer(request))).response("console/licenses.html")


@require_safe
def license_detail(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One license with each customer's seats."""
    user = viewer(request)
    found = licenses_with_seats(user).filter(uid=uid).first()
    if found is None:
        raise LicenseNotFoundError
    customers, more = license_customers(user, found, limit=SHARES_SHOWN)
    context = {"license": found, "customers": customers, "more_shares": more}
    return detail_response(request, "console/license.html", context)


@require_safe
def audit(request: HttpRequest) -> HttpResponseBase:
    """Who did what; `?person=` and `?customer=` narrow it to what one of them did, or what was done there."""
    user, scope = viewer(request), audit_scope(request)
    entries = audit_visible(user)
    person = user_get(user, uid=UUID(scope["person"])) if "person" in scope else None
    customer = customer_get(user, uid=UUID(scope["customer"])) if "customer" in scope else None
    if person:
        entries = entries.filter(actor_id=str(person.uid))
    if customer:
        entries = entries.filter(company_uid=customer.hub_id)
    table = AuditTable(request, entries, scope=scope)
    return table.response("console/audit.html", {"person": person, "customer": customer})


@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """What this console is and how it is reached."""
    admin(request)
    context = {
        "payload": linux_payload(),
        "addresses": [
            (_("Console, for people"), django_settings.CONSOLE_URL),
            (_("Console, for devices"), django_settings.CONSOLE_DEVICE_URL),
            (_("Licensing, for people"), django_settings.LICENSING_URL),
        ],
    }
    return render(request, "console/settings.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The global search."""
    user = viewer(request)
    text = request.GET.get("q", "").strip()
    if len(text) < 2:
        return search_response(request, [])
    devices = [
        SearchHit(d.name, reverse("console:device", args=[d.uid]), hint=d.group.name, icon="device-desktop")
        for d in search_devices(user, text)
    ]
    customers = [
        SearchHit(c.name, reverse("console:customer", args=[c.uid]), hint=c.get_state_display(), icon="building")
        for c in search_customers(user, text)
    ]
    groups = groups_found(groups_visible(user).filter(kind=GroupKind.FREE), text, limit=MOST_FOUND)
    labels = group_labels(groups_visible(user), groups)
    places = [
        SearchHit(g.name, f"{reverse('console:computers')}?group={g.uid}", hint=labels[g.pk], icon="folder")
        for g in groups
    ]
    policies = [
        SearchHit(p.name, reverse("console:policy", args=[p.uid]), hint="", icon="adjustments")
        for p in policies_visible(user).filter(name__icontains=text).order_by("name", "pk")[:MOST_FOUND]
    ]
    return search_response(request, [
        SearchGroup(_("Computers"), devices), SearchGroup(_("Customers"), customers), SearchGroup(_("Groups"), places),
        SearchGroup(_("Policies"), policies),
    ])  # fmt: skip
