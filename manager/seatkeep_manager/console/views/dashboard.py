"""The dashboard: the whole of it in numbers."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.views.decorators.http import require_safe
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotAllowedError

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.customers.across import Dashboard, licenses_with_seats
from seatkeep_manager.customers.across import dashboard as dashboard_read
from seatkeep_manager.customers.selectors import customers_new
from seatkeep_manager.detections.enums import Severity
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.hublink.selectors import link_status
from seatkeep_manager.problems.selectors import problems_open_count

LICENSES_SHOWN = 6


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The whole of it in numbers; each leads to the list behind it."""
    user = viewer(request)
    if not may(user, Functionality.REPORTS):
        raise NotAllowedError
    numbers = dashboard_read(user, now=clock_now())
    context = {
        "numbers": numbers,
        "status": link_status(),
        "new_customers": customers_new(user).count(),
        "problem_count": problems_open_count(user),
        "computers_url": reverse("console:computers"),
        "detections_chart": _detections_chart(numbers),
        "licenses": list(licenses_with_seats(user)[:LICENSES_SHOWN]),
        "is_admin": viewer_is_admin(request),
    }
    return render(request, "console/dashboard.html", context)


@require_safe
def dashboard_link(request: HttpRequest) -> HttpResponse:
    """How the console stands with Licensing, polled while the dashboard is looked at."""
    context = {"status": link_status(), "is_admin": viewer_is_admin(request)}
    return render(request, "console/parts/link_tile.html", context)


def _detections_chart(numbers: Dashboard) -> dict[str, Any]:
    """Stacked columns per day, the worst at the bottom."""
    tones = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFO: "info"}
    series = [
        {
            "name": str(one.label),
            "values": [found.get(one.value, 0) for _day, found in numbers.detections_by_day],
            "tone": tones[one],
        }
        for one in (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
    ]
    return {
        "labels": [date_format(day, "j M") for day, _found in numbers.detections_by_day],
        "series": series,
        "stacked": True,
    }
