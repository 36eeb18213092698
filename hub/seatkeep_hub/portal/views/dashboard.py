"""Dashboard and global search."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.navigation import SearchGroup, SearchHit, search_response
from seatkeep_webkit.search import search_filter

from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.instances.selectors import instance_list
from seatkeep_hub.licensing.selectors import license_list, license_state, refusal_list, seat_count, seat_list
from seatkeep_hub.portal.selectors import first_run_get, has_second_factor, is_one_msp
from seatkeep_hub.portal.viewing import viewer_of

ATTENTION_LIMIT = 200
CALM_STATES = {"OK", "CANCELLED"}


@dataclass(frozen=True)
class Chore:
    """One line of the checklist card."""

    label: str
    url: str
    is_done: bool


def dashboard(request: HttpRequest) -> HttpResponse:
    """What is ordered, in use and free; what needs a hand; what is still to be set up."""
    viewer, now = viewer_of(request), read_clock()
    if first_run_get() is None:
        return redirect("portal:setup")
    seats = seat_count(viewer)
    ordered = license_list(viewer).filter(cancelled_at=None).aggregate(total=Sum("quantity"))["total"] or 0
    chores = checklist(viewer)
    context = {
        "ordered": ordered,
        "in_use": seats["ACTIVE"],
        "free": max(ordered - seats["ACTIVE"], 0),
        "attention": _attention(viewer, now),
        "refusals": refusal_list(viewer)[:10],
        "instances": instance_list(viewer).filter(is_revoked=False)[:5],
        "chores": chores if any(not chore.is_done for chore in chores) else [],
        "customers": companies_visible(viewer).filter(kind=CompanyKind.CUSTOMER).exclude(status="REMOVED").count(),
        "is_one": is_one_msp(),
    }
    return render(request, "portal/dashboard.html", context)


def checklist(viewer: User) -> list[Chore]:
    """What a new server still needs; stays until done."""
    run = first_run_get()
    customers = companies_visible(viewer).filter(kind=CompanyKind.CUSTOMER)
    chores = [Chore(_("Protect your sign-in with a second factor"), "/accounts/2fa/", has_second_factor(viewer))]
    if run and run.owner_id == viewer.pk:
        chores += [
            Chore(_("Keep the recovery kit in a safe place"), reverse("portal:setup-kit"), bool(run.recovery_kit_at)),
            Chore(_("Send a test mail"), reverse("portal:settings"), bool(run.mail_tested_at)),
        ]
    return [
        *chores,
        Chore(_("Add the first customer"), reverse("portal:company-new"), customers.exists()),
        Chore(_("Protect the first computer"), reverse("portal:seats"), seat_list(viewer).exists()),
    ]


def search(request: HttpRequest) -> HttpResponse:
    """Companies, licenses and devices by a few letters."""
    viewer, text = viewer_of(request), request.GET.get("q", "").strip()
    if len(text) < 2:
        return search_response(request, [])
    companies = search_filter(companies_visible(viewer), "search", text)[:8]
    licenses = license_list(viewer).filter(public_id__istartswith=text)[:5]
    seats = seat_list(viewer).filter(device_name__icontains=text)[:8]
    return search_response(
        request,
        [
            SearchGroup(_("Companies"), [_hit(one, "company", one.get_kind_display()) for one in companies]),
            SearchGroup(_("Licenses"), [_hit(one, "license", one.owner.name) for one in licenses]),
            SearchGroup(_("Devices"), [_hit(one, "seat", one.node.company.name) for one in seats]),
        ],
    )


def _hit(one: object, kind: str, hint: str) -> SearchHit:
    uid = getattr(one, "uid")  # noqa: B009  # three models share the field, not a base class
    icons = {"company": "building", "license": "license", "seat": "devices"}
    return SearchHit(label=str(one), url=reverse(f"portal:{kind}", args=[uid]), hint=hint, icon=icons[kind])


def _attention(viewer: User, now: datetime) -> list[object]:
    candidates = license_list(viewer).filter(cancelled_at=None)[:ATTENTION_LIMIT]
    return [one for one in candidates if license_state(one, now=now) not in CALM_STATES]
