"""Problems, the technician's home page, and the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done

from seatkeep_manager.console.forms import NoteForm, SnoozeForm
from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.console.problem_groups import TONES, ProblemPage, all_clear, fix_for, problem_page
from seatkeep_manager.console.words import problem_words
from seatkeep_manager.customers.across import Dashboard, licenses_with_seats
from seatkeep_manager.customers.across import dashboard as dashboard_read
from seatkeep_manager.customers.selectors import customers_new, customers_visible
from seatkeep_manager.detections.enums import Severity
from seatkeep_manager.detections.selectors import detections_newest_open
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.hublink.selectors import link_status
from seatkeep_manager.problems.enums import ProblemSeverity, ProblemState
from seatkeep_manager.problems.errors import ProblemNotFoundError
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problem_get, problems_open_count, problems_visible
from seatkeep_manager.problems.services import problem_acknowledge, problem_assign, problem_note, problem_snooze

LICENSES_SHOWN = 6
_SEEN_MEANS = gettext_lazy("You look after it from now on; others see your name.")


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """What is wrong, grouped by kind and customer, with the fix as a button."""
    user, now = viewer(request), clock_now()
    shows_snoozed = request.GET.get("snoozed") == "1"
    severity = request.GET.get("severity", "")
    severity = severity if severity in ProblemSeverity.values else ""
    page = problem_page(user, severity=severity, shows_snoozed=shows_snoozed, now=now)
    if _is_poll(request) and request.headers.get("X-Version") == page.version:
        return HttpResponse(status=204)
    context = {
        "page": page,
        "severities": _severities(page, severity, shows_snoozed=shows_snoozed),
        "severity": severity,
        "shows_snoozed": shows_snoozed,
        "snoozed_url": _address(severity, shows_snoozed=not shows_snoozed),
        "clear": None if page.total else all_clear(user, now=now),
        "new_customers": customers_new(user).count(),
        "has_customers": bool(page.total) or customers_visible(user).exists(),
        "status": link_status(),
        "is_admin": viewer_is_admin(request),
        "new_customer_url": f"{settings.LICENSING_URL}/companies/new/",
    }
    template = "console/parts/problem_list.html" if _is_poll(request) else "console/problems.html"
    return render(request, template, context)


def _severities(page: ProblemPage, chosen: str, *, shows_snoozed: bool) -> list[dict[str, Any]]:
    """The choices above the list, each with its count; what does not occur is left out."""
    named = [("", _("All"), page.total), *((one.value, one.label, page.counts[one.value]) for one in ProblemSeverity)]
    return [
        {
            "label": label,
            "count": count,
            "url": _address(value, shows_snoozed=shows_snoozed),
            "is_current": value == chosen,
        }
        for value, label, count in named
        if count or value in ("", chosen)
    ]


def _address(severity: str, *, shows_snoozed: bool) -> str:
    query = {"severity": severity} if severity else {}
    query |= {"snoozed": "1"} if shows_snoozed else {}
    page = reverse("console:problems")
    return f"{page}?{urlencode(query)}" if query else page


def _is_poll(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "problem-list"


@require_http_methods(["GET", "POST"])
def problems_seen(request: HttpRequest) -> HttpResponse:
    """Take over every open problem of one kind of one customer."""
    user = viewer(request)
    rows = problems_visible(user, level=AccessLevel.USE).filter(state=ProblemState.OPEN, kind=request.GET.get("kind"))
    rows = rows.filter(company_hub_id=_company(request))
    dialog = Confirm(request, title=_("Mark as seen"), label=_("Mark as seen"), count=rows.count(), lines=[_SEEN_MEANS])
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = actor_from_request(request), clock_now()
    with transaction.atomic():
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
        for problem_id in ids:
            problem_acknowledge(actor=actor, problem_id=problem_id, now=now)
            problem_assign(actor=actor, problem_id=problem_id, assignee=user, now=now)
    text = ngettext("%(n)s problem marked as seen.", "%(n)s problems marked as seen.", len(ids))
    return done(request, text % {"n": len(ids)}, url=reverse("console:problems"))


def _company(request: HttpRequest) -> UUID | None:
    text = request.GET.get("company", "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise ProblemNotFoundError from error


@require_safe
def problem(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One problem with its fix, note and who looks after it."""
    found = problem_get(viewer(request), uid=uid)
    return detail_response(request, "console/problem.html", _problem_facts(found))


def _problem_facts(found: Problem) -> dict[str, Any]:
    finds = detections_newest_open([found.device_id]) if found.device_id else {}
    return {
        "problem": found,
        "fix": fix_for(found),
        "tone": TONES[found.severity],
        "what": problem_words(found, finds.get(found.device_id or 0)),
    }


@require_http_methods(["GET", "POST"])
def problem_seen(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Say that somebody looks after it."""
    found = _changeable(request, uid)
    dialog = Confirm(request, title=_("Mark as seen"), label=_("Mark as seen"), lines=[_SEEN_MEANS])
    if not dialog.is_confirmed:
        return dialog.response()
    actor = actor_from_request(request)
    problem_acknowledge(actor=actor, problem_id=found.pk, now=clock_now())
    problem_assign(actor=actor, problem_id=found.pk, assignee=viewer(request), now=clock_now())
    return done(request, _("Marked as seen."))


@require_http_methods(["GET", "POST"])
def problem_snoozed(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put it out of sight for a while."""
    found = _changeable(request, uid)

    def snooze(form: Any) -> None:
        until = clock_now() + form.duration()
        problem_snooze(actor=actor_from_request(request), problem_id=found.pk, until=until, now=clock_now())
        if form.cleaned_data["note"]:
            _note(request, found, form)

    return _form(request, SnoozeForm(request.POST or None), _("Snooze"), snooze)


@require_http_methods(["GET", "POST"])
def problem_noted(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Leave a remark for the next person."""
    found = _changeable(request, uid)
    form = NoteForm(request.POST or None, initial={"note": found.note})
    return _form(request, form, _("Note"), lambda sent: _note(request, found, sent))


def _note(request: HttpRequest, found: Problem, form: Any) -> None:
    problem_note(
        actor=actor_from_request(request), problem_id=found.pk, note=form.cleaned_data["note"], now=clock_now()
    )


def _form(request: HttpRequest, form: Any, label: str, act: Callable[[Any], None]) -> HttpResponse:
    dialog = FormDialog(request, form, title=label, label=label)
    if not dialog.is_valid:
        return dialog.response()
    act(form)
    return done(request, _("Saved."))


def _changeable(request: HttpRequest, uid: UUID) -> Problem:
    """A problem of something that the person may change."""
    return problem_get(viewer(request), uid=uid, level=AccessLevel.USE)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The whole of it in numbers; each leads to the list behind it."""
    user = viewer(request)
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
