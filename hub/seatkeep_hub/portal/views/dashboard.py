"""Dashboard and global search."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import TypeAlias
from uuid import UUID

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.navigation import SearchGroup, SearchHit, search_response
from seatkeep_webkit.search import search_filter

from seatkeep_hub.agreements.selectors import usage_slices, usage_totals
from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.instances.selectors import instance_list
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.security_admins import owners_administered
from seatkeep_hub.licensing.selectors import (
    ProductUsage,
    license_list,
    license_state,
    licenses_usage,
    refusal_list,
    seat_count,
    seat_list,
    seats_in_use,
    succeeded_count,
)
from seatkeep_hub.people.signing_in import has_second_factor
from seatkeep_hub.portal.charts import by_product, month_of
from seatkeep_hub.portal.selectors import CUSTOMERS_ADDED, first_run_get, is_one_msp
from seatkeep_hub.portal.viewing import viewer_of

LICENSES_READ = 200
"""So many, the newest, are each looked at; who has more finds the others by the filter of the list."""
ATTENTION_SHOWN = 20
CUSTOMERS_SHOWN = 8
FOUND_AT_MOST = 100
"""Companies among which the first by name are shown; who finds more types another letter."""
Usage: TypeAlias = dict[int, list[ProductUsage]]
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
    if not companies_visible(viewer).exists():
        return render(request, "portal/no_access.html", {"owners": list(owners_administered(viewer))})
    licenses = list(license_list(viewer).filter(cancelled_at=None)[:LICENSES_READ])
    usage = licenses_usage(licenses)
    chores = checklist(viewer)
    customers = companies_visible(viewer).filter(kind=CompanyKind.CUSTOMER).exclude(status="REMOVED").count()
    is_wide, is_part = customers > CUSTOMERS_ADDED, len(licenses) == LICENSES_READ
    context = {
        "ordered": license_list(viewer).filter(cancelled_at=None).aggregate(all=Sum("quantity"))["all"] or 0,
        "in_use": seats_in_use(viewer) if is_wide else seat_count(viewer)["ACTIVE"],
        **({} if is_part else {"in_use_words": _by_product(usage), **_room(licenses, usage)}),
        "looked_at": LICENSES_READ if is_part else None,
        "attention": _attention(licenses, usage, now)[:ATTENTION_SHOWN],
        "refusals": refusal_list(viewer)[:10],
        "instances": instance_list(viewer).filter(is_revoked=False)[:5],
        "chores": chores if any(not chore.is_done for chore in chores) else [],
        "customers": customers,
        "succeeded": succeeded_count(viewer),
        "is_one": is_one_msp(),
        **({} if is_wide else _usage(viewer, now.date())),
    }
    return render(request, "portal/dashboard.html", context)


def _usage(viewer: User, today: date) -> dict[str, object]:
    """This month by product and by customer, from the days that were counted."""
    first, last = month_of(today)
    slices = usage_slices(viewer, first=first, last=today)
    by_customer: Counter[tuple[UUID, str]] = Counter()
    for line in usage_totals(viewer, first=first, last=today):
        by_customer[line.buyer_uid, line.buyer] += line.seat_days
    top = [one for one in by_customer.most_common(CUSTOMERS_SHOWN) if one[1]]
    return {
        "month": first,
        "usage_chart": by_product(slices, first=first, last=last) if slices else None,
        "usage_customers": [{"uid": uid, "name": name, "seat_days": days} for (uid, name), days in top],
        "usage_most": top[0][1] if top else 0,
    }


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
    """Companies by parts of words; licenses and devices by how they begin."""
    viewer, text = viewer_of(request), request.GET.get("q", "").strip()
    if len(text) < 2:
        return search_response(request, [])
    found = search_filter(companies_visible(viewer), "search", text).defer("search").order_by()[:FOUND_AT_MOST]
    companies = sorted(found, key=lambda one: (one.name, one.pk))[:8]
    licenses = license_list(viewer).filter(public_id__startswith=text.upper())[:5]
    seats = seat_list(viewer).filter(device_name__istartswith=text).order_by()[:8]
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


def _by_product(usage: Usage) -> str:
    """ "31 Workstation protection, 10 Server protection", the larger first."""
    used: Counter[str] = Counter()
    for line in chain.from_iterable(usage.values()):
        used[str(line.product)] += line.used
    return ", ".join(f"{count} {name}" for name, count in used.most_common() if count)


def _room(licenses: list[License], usage: Usage) -> dict[str, int]:
    """Seats still free, and how many are used beyond the order; of each license its fullest product counts."""
    left = [one.quantity - max((line.used for line in usage[one.pk]), default=0) for one in licenses]
    return {"free": sum(max(one, 0) for one in left), "over": -sum(min(one, 0) for one in left)}


def _attention(licenses: list[License], usage: Usage, now: datetime) -> list[License]:
    """Licenses that are not in order, with their seats for the template."""
    found = [one for one in licenses if license_state(one, now=now, usage=usage[one.pk]) not in CALM_STATES]
    for one in found:
        setattr(one, "usage_lines", usage[one.pk])  # noqa: B010  # what `license_badge` looks for
    return found
