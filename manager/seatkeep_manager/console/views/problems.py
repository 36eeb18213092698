"""Problems, the technician's home page: grouped, as a list, and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response

from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.console.problem_groups import (
    TONES,
    UNFOLDED_AT_MOST,
    all_clear,
    customers_of,
    problem_groups,
    problem_lines,
    way_of,
)
from seatkeep_manager.console.problem_words import advice, event_words
from seatkeep_manager.console.tables.problems import ProblemTable, problem_table
from seatkeep_manager.customers.selectors import customers_new, customers_visible
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.hublink.selectors import link_status
from seatkeep_manager.problems.enums import ProblemSeverity
from seatkeep_manager.problems.errors import ProblemNotFoundError
from seatkeep_manager.problems.fixes import fixes_of
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import (
    last_act,
    problem_events,
    problem_get,
    problems_version,
    problems_visible,
    severity_counts,
)
from seatkeep_manager.problems.visits import visit_begin, visit_marker, visit_note


@require_safe
def problems(request: HttpRequest) -> HttpResponseBase:
    """What is wrong, grouped by kind and customer, with the fix as a button."""
    now = clock_now()
    version = f"{problems_version()}.{now:%Y%m%d%H%M}"
    if _is_poll(request) and request.headers.get("X-Version") == version:
        return HttpResponse(status=204)
    table = problem_table(request)
    if request.GET.get("export"):
        return table.response("console/problems.html")
    part = _list_context(request, table, now)
    if _is_poll(request) or table.is_part:
        return render(request, "console/parts/problem_list.html", {**part, "version": version})
    return render(request, "console/problems.html", {**part, "version": version, **_page_context(request)})


def _is_poll(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "problem-list"


def _list_context(request: HttpRequest, table: ProblemTable, now: datetime) -> dict[str, Any]:
    """The groups of the chosen problems, and what stands above them."""
    user = viewer(request)
    marker = visit_marker(user, now=now)
    rows = table.filtered
    new_count = rows.filter(since__gt=marker).count() if marker else 0
    is_only_new = marker is not None and request.GET.get("new") == "1"
    if is_only_new:
        rows = rows.filter(since__gt=marker)
    page = _page_number(request)
    groups, has_more = problem_groups(user, rows, marker=marker, page=page, query=_filters(table.params))
    counts = severity_counts(table.without("severity"))
    total = sum(counts.values())
    return {
        "table": table,
        "groups": groups,
        "total": total,
        "severities": _severities(table, counts),
        "marker": marker,
        "new_count": new_count,
        "is_only_new": is_only_new,
        "new_url": table.address(new=None if is_only_new else "1", page=None),
        "page": page,
        "next_url": table.address(page=page + 1) if has_more else "",
        "previous_url": table.address(page=page - 1 or None) if page else "",
        "last_act": last_act(user, now=now),
        "clear": None if total else all_clear(user, now=now),
        "has_customers": bool(total) or customers_visible(user).exists(),
        "status": link_status(),
        "is_admin": viewer_is_admin(request),
        "new_customer_url": f"{settings.LICENSING_URL}/companies/new/",
    }


def _page_context(request: HttpRequest) -> dict[str, Any]:
    """What the whole page shows beyond the list."""
    shows_snoozed = request.GET.get("snoozed") == "1"
    return {
        "new_customers": customers_new(viewer(request)).count(),
        "shows_snoozed": shows_snoozed,
        "snoozed_url": _address(request, snoozed=None if shows_snoozed else "1"),
        "list_url": _address(request, name="console:problems-list"),
    }


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "")
    return min(int(text), 10_000) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _filters(params: Mapping[str, Any]) -> str:
    """The page's filters as a query, so that a group unfolds and is acted on as it is counted."""
    kept = ("q", "severity", "device_kind", "assignee", "state", "snoozed", "new")
    return urlencode({name: params.getlist(name) for name in kept if params.getlist(name)}, doseq=True)  # type: ignore[attr-defined]


def _address(request: HttpRequest, *, name: str = "console:problems", **changes: str | None) -> str:
    query = request.GET.copy()
    for key in ("page", "cursor", "sort", *changes):
        query.pop(key, None)
    for key, value in changes.items():
        if value is not None:
            query[key] = value
    return f"{reverse(name)}?{query.urlencode()}" if query else reverse(name)


def _severities(table: ProblemTable, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """The choices above the list, each with its count; what does not occur is left out."""
    chosen = table.params.getlist("severity")
    named = [
        ("", _("All"), sum(counts.values())),
        *((one.value, one.label, counts[one.value]) for one in ProblemSeverity),
    ]
    return [
        {
            "label": label,
            "count": count,
            "url": table.address(severity=value or None, page=None),
            "is_current": chosen == ([value] if value else []),
        }
        for value, label, count in named
        if count or not value or value in chosen
    ]


@require_safe
def problems_list(request: HttpRequest) -> HttpResponseBase:
    """Problems one by one: search, filters, bulk acts, export."""
    table = problem_table(request)
    context = {"groups_url": _address(request), "last_act": last_act(viewer(request), now=clock_now())}
    return table.response("console/problems_list.html", {} if table.is_part else context)


@require_safe
def problems_fold(request: HttpRequest) -> HttpResponse:
    """The lines of one group, when it unfolds."""
    user, now = viewer(request), clock_now()
    marker = visit_marker(user, now=now)
    rows = group_rows(request, AccessLevel.READ, marker)
    shown = list(rows.order_by("since", "id")[: UNFOLDED_AT_MOST + 1])
    context = {
        "lines": problem_lines(shown[:UNFOLDED_AT_MOST], customers_of(user, shown), marker=marker),
        "all_url": _address(request, name="console:problems-list") if len(shown) > UNFOLDED_AT_MOST else "",
    }
    return render(request, "console/parts/problem_lines.html", context)


def group_rows(request: HttpRequest, level: AccessLevel, marker: datetime | None) -> Any:
    """The problems of one kind of one customer (`?kind=&company=`) that the page's filters leave.

    Raises:
        ProblemNotFoundError: The company is no id.
    """
    rows = problem_table(request, level=level).filtered.filter(
        kind=request.GET.get("kind", ""), company_hub_id=_company(request)
    )
    return rows.filter(since__gt=marker) if marker and request.GET.get("new") == "1" else rows


def _company(request: HttpRequest) -> UUID | None:
    text = request.GET.get("company", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise ProblemNotFoundError from error


@require_safe
def problem(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One problem: what to do, who looks after it, and its history."""
    user = viewer(request)
    found = problem_get(user, uid=uid)
    return detail_response(request, "console/problem.html", {**_problem_facts(request, found), "uid": uid})


def _problem_facts(request: HttpRequest, found: Problem) -> dict[str, Any]:
    user = viewer(request)
    customers = customers_of(user, [found])
    line = problem_lines([found], customers, marker=None)[0]
    return {
        "problem": found,
        "customer": customers.get(found.company_hub_id),
        "way": way_of(found),
        "fixes": fixes_of(found.kind),
        "advice": advice(found.kind),
        "tone": TONES[found.severity],
        "what": line.what,
        "can_work": problems_visible(user, level=AccessLevel.USE).filter(pk=found.pk).exists(),
        "history": [(event, event_words(event)) for event in problem_events(found)],
    }


@require_POST
def problems_visit(request: HttpRequest) -> HttpResponse:
    """The page says once a minute that the person looks at it."""
    visit_note(user=viewer(request), now=clock_now())
    return HttpResponse(status=204)


@require_POST
def problems_known(request: HttpRequest) -> HttpResponse:
    """The person has seen all there is; only what comes is new."""
    visit_begin(user=viewer(request), now=clock_now())
    return redirect("console:problems")
