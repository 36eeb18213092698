"""Usage: agreed, ordered and in use, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import done
from seatkeep_webkit.tables import Column
from seatkeep_webkit.tables.exports import csv_response, xlsx_response

from seatkeep_hub.agreements.reports import ReportRow, usage_report, usage_sums
from seatkeep_hub.agreements.selectors import usage_list, usage_slices
from seatkeep_hub.agreements.usage import usage_today_count
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.portal.charts import agreed_and_used, by_customer, by_product, periods
from seatkeep_hub.portal.report_forms import ReportForm, asked_of
from seatkeep_hub.portal.selectors import is_wide
from seatkeep_hub.portal.tables import UsageTable
from seatkeep_hub.portal.viewing import viewer_of
from seatkeep_hub.portal.views.companies import company_frame

ROWS_SHOWN, ROWS_SHOWN_UNADDED = 300, 60
REPORT_COLUMNS = (
    Column("step_on", _lazy("From")),
    Column("company", _lazy("Customer")),
    Column("code", _lazy("Code")),
    Column("name", _lazy("Product")),
    Column("days", _lazy("Days")),
    Column("ordered", _lazy("Ordered seat-days")),
    Column("agreed", _lazy("Agreed seat-days")),
    Column("in_use", _lazy("Seat-days in use")),
    Column("device_days", _lazy("Device-days")),
)


def usage(request: HttpRequest) -> HttpResponseBase:
    """Every company that the viewer may see."""
    viewer = viewer_of(request)
    period = _period(request)
    if request.GET.get("report") in ("csv", "xlsx"):
        return _report_file(request, viewer, period)
    table = UsageTable(request, usage_list(viewer, first=period[1], last=period[2]))
    return table.response("portal/usage.html", {} if table.is_part else _context(request, viewer, period, None))


def company_usage(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One company and what is below it."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid)
    period = _period(request)
    table = UsageTable(request, usage_list(viewer, first=period[1], last=period[2], company=found))
    context = {**company_frame(viewer, found), **_context(request, viewer, period, found)}
    return table.response("portal/company_usage.html", context)


def _report_file(request: HttpRequest, viewer: User, period: tuple[ReportForm, date, date]) -> HttpResponseBase:
    form, first, last = period
    rows = usage_report(viewer, first=first, last=last, **asked_of(form))
    name = f"usage-{first:%Y-%m-%d}-{last:%Y-%m-%d}"
    answer = csv_response if request.GET["report"] == "csv" else xlsx_response
    return answer(name, REPORT_COLUMNS, rows)


@require_POST
def usage_count(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Count the day that is running without waiting for the hour."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    usage_today_count(company=found, now=read_clock())
    return done(request, _("Today is counted as of now."), url=reverse("portal:company-usage", args=[uid]))


def _period(request: HttpRequest) -> tuple[ReportForm, date, date]:
    """The asked period with its form; this month where none is asked or the asked one cannot be."""
    today = read_clock().date()
    usual = today.replace(day=1), today
    companies = companies_visible(viewer_of(request)).exclude(status=CompanyStatus.REMOVED).order_by("name", "id")
    if "first" not in request.GET and "last" not in request.GET:
        return ReportForm(initial={"first": usual[0], "last": usual[1]}, companies=companies), *usual
    form = ReportForm(request.GET, companies=companies)
    if form.is_valid():
        return form, form.cleaned_data["first"], form.cleaned_data["last"]
    return form, *usual


def _context(
    request: HttpRequest, viewer: User, period: tuple[ReportForm, date, date], found: Company | None
) -> dict[str, object]:
    form, first, last = period
    counted = found or viewer.company
    can_count = companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=counted.pk).exists()
    asked = {**asked_of(form), **({"companies": [found]} if found else {})}
    # Of thousands of customers the first rows come from an index; their sums read every row of the period.
    is_added = "added" in request.GET or not is_wide(viewer, company=found)
    shown = ROWS_SHOWN if is_added else ROWS_SHOWN_UNADDED
    rows = usage_report(viewer, first=first, last=last, **asked, limit=shown + 1)
    return {
        "form": form,
        "periods": periods(read_clock().date(), first=first, last=last),
        "count_of": counted if can_count else None,
        "rows": sorted(rows[:shown], key=lambda one: (one.step_on, one.company, one.name)),
        "is_more": len(rows) > shown,
        "steps": asked["step"],
        "report_query": _report_query(first, last, asked),
        **(_added(viewer, (first, last), asked, rows, found) if is_added else {"add_url": _add_url(request)}),
    }


def _added(
    viewer: User, period: tuple[date, date], asked: dict[str, Any], rows: Sequence[ReportRow], found: Company | None
) -> dict[str, object]:
    """Sums of all rows, and what they look like."""
    first, last = period
    slices = usage_slices(viewer, first=first, last=last, company=found)
    sums = usage_sums(viewer, first=first, last=last, **asked)
    used = sorted(rows, key=lambda one: -one.in_use)
    return {
        "sums": [
            sum(values) for values in ([s.ordered for s in sums], [s.agreed for s in sums], [s.in_use for s in sums])
        ],
        "customers_chart": by_customer(used) if len({one.company_uid for one in used}) > 1 else None,
        "chart": agreed_and_used(slices, first=first, last=last),
        "products_chart": by_product(slices, first=first, last=last) if len({s.product for s in slices}) > 1 else None,
    }


def _report_query(first: date, last: date, asked: dict[str, Any]) -> str:
    companies = [str(one.uid) for one in asked["companies"]]
    period = {"first": first.isoformat(), "last": last.isoformat()}
    return urlencode({**period, "by": asked["by"], "step": asked["step"], "companies": companies}, doseq=True)


def _add_url(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["added"] = "1"
    return f"?{query.urlencode()}"
