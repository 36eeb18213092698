"""Usage: agreed, ordered and in use, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import done

from seatkeep_hub.agreements.selectors import usage_list, usage_totals
from seatkeep_hub.agreements.usage import usage_today_count
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.portal.license_forms import PeriodForm
from seatkeep_hub.portal.tables import UsageTable
from seatkeep_hub.portal.viewing import viewer_of
from seatkeep_hub.portal.views.companies import company_frame

DAYS = 30
LONGEST = timedelta(days=400)


def usage(request: HttpRequest) -> HttpResponseBase:
    """Every company that the viewer may see."""
    viewer = viewer_of(request)
    first, last = _period(request)
    table = UsageTable(request, usage_list(viewer, first=first, last=last))
    return table.response("portal/usage.html", _context(viewer, first, last, None))


def company_usage(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One company and what is below it."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    first, last = _period(request)
    table = UsageTable(request, usage_list(viewer, first=first, last=last, company=found))
    context = {**company_frame(viewer, found), **_context(viewer, first, last, found)}
    return table.response("portal/company_usage.html", context)


@require_POST
def usage_count(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Count the day that is running without waiting for the hour."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    usage_today_count(company=found, now=read_clock())
    return done(request, _("Today is counted as of now."), url=reverse("portal:company-usage", args=[uid]))


def _period(request: HttpRequest) -> tuple[date, date]:
    form = PeriodForm(request.GET)
    if form.is_valid() and timedelta(0) <= form.cleaned_data["last"] - form.cleaned_data["first"] <= LONGEST:
        return form.cleaned_data["first"], form.cleaned_data["last"]
    today = read_clock().date()
    return today - timedelta(days=DAYS - 1), today


def _context(viewer: User, first: date, last: date, found: Company | None) -> dict[str, object]:
    counted = found or viewer.company
    can_count = companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=counted.pk).exists()
    return {
        "form": PeriodForm(initial={"first": first, "last": last}),
        "count_of": counted if can_count else None,
        "totals": usage_totals(viewer, first=first, last=last, company=found)[:200],
        "chart": _chart(viewer, first, last, found),
    }


def _chart(viewer: User, first: date, last: date, found: Company | None) -> dict[str, object]:
    rows = (
        usage_list(viewer, first=first, last=last, company=found)
        .order_by("day")
        .values("day")
        .annotate(agreed_all=Sum("agreed"), used_all=Sum("in_use"))
    )
    days = list(rows)
    return {
        "labels": [f"{row['day']:%d.%m.}" for row in days],
        "series": [
            {"name": _("Agreed"), "values": [row["agreed_all"] for row in days], "tone": "info"},
            {"name": _("In use"), "values": [row["used_all"] for row in days], "tone": "ok"},
        ],
    }
