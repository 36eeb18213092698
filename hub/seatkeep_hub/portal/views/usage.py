"""Usage: agreed, ordered and in use, day by day."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import done

from seatkeep_hub.agreements.selectors import usage_list, usage_slices, usage_totals
from seatkeep_hub.agreements.usage import usage_today_count
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.portal.charts import agreed_and_used, by_product, periods
from seatkeep_hub.portal.license_forms import PeriodForm
from seatkeep_hub.portal.tables import UsageTable
from seatkeep_hub.portal.viewing import viewer_of
from seatkeep_hub.portal.views.companies import company_frame


def usage(request: HttpRequest) -> HttpResponseBase:
    """Every company that the viewer may see."""
    viewer = viewer_of(request)
    period = _period(request)
    table = UsageTable(request, usage_list(viewer, first=period[1], last=period[2]))
    return table.response("portal/usage.html", {} if table.is_part else _context(viewer, period, None))


def company_usage(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One company and what is below it."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    period = _period(request)
    table = UsageTable(request, usage_list(viewer, first=period[1], last=period[2], company=found))
    context = {**company_frame(viewer, found), **_context(viewer, period, found)}
    return table.response("portal/company_usage.html", context)


@require_POST
def usage_count(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Count the day that is running without waiting for the hour."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    usage_today_count(company=found, now=read_clock())
    return done(request, _("Today is counted as of now."), url=reverse("portal:company-usage", args=[uid]))


def _period(request: HttpRequest) -> tuple[PeriodForm, date, date]:
    """The asked period with its form; this month where none is asked or the asked one cannot be."""
    today = read_clock().date()
    usual = today.replace(day=1), today
    if "first" not in request.GET and "last" not in request.GET:
        return PeriodForm(initial={"first": usual[0], "last": usual[1]}), *usual
    form = PeriodForm(request.GET)
    if form.is_valid():
        return form, form.cleaned_data["first"], form.cleaned_data["last"]
    return form, *usual


def _context(viewer: User, period: tuple[PeriodForm, date, date], found: Company | None) -> dict[str, object]:
    form, first, last = period
    counted = found or viewer.company
    can_count = companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=counted.pk).exists()
    slices = usage_slices(viewer, first=first, last=last, company=found)
    return {
        "form": form,
        "periods": periods(read_clock().date(), first=first, last=last),
        "count_of": counted if can_count else None,
        "totals": usage_totals(viewer, first=first, last=last, company=found)[:200],
        "chart": agreed_and_used(slices, first=first, last=last),
        "products_chart": by_product(slices, first=first, last=last) if len({s.product for s in slices}) > 1 else None,
    }
