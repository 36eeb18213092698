"""Problems, the technician's home page, and the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done

from seatkeep_manager.console.forms import NoteForm, SnoozeForm
from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.console.problem_groups import all_clear, fix_for, problem_groups
from seatkeep_manager.customers.across import dashboard as dashboard_read
from seatkeep_manager.customers.selectors import customers_new, customers_visible
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.hublink.selectors import link_status
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problem_get, problems_visible
from seatkeep_manager.problems.services import problem_acknowledge, problem_assign, problem_note, problem_snooze


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """What is wrong, grouped by kind and customer, with the fix as a button."""
    user = viewer(request)
    shows_snoozed = request.GET.get("snoozed") == "1"
    context = {
        "groups": problem_groups(user, shows_snoozed=shows_snoozed, now=clock_now()),
        "shows_snoozed": shows_snoozed,
        "clear": all_clear(user, now=clock_now()),
        "new_customers": customers_new(user).count(),
        "has_customers": customers_visible(user).exists(),
        "status": link_status(),
        "is_admin": viewer_is_admin(request),
        "new_customer_url": f"{settings.LICENSING_URL}/companies/new/",
    }
    template = "console/parts/problem_list.html" if _is_poll(request) else "console/problems.html"
    return render(request, template, context)


def _is_poll(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target") == "problem-list"


@require_safe
def problem(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One problem with its fix, note and who looks after it."""
    found = problem_get(viewer(request), uid=uid)
    return detail_response(request, "console/problem.html", {"problem": found, "fix": fix_for(found)})


@require_http_methods(["GET", "POST"])
def problem_seen(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Say that somebody looks after it."""
    found = _changeable(request, uid)
    dialog = Confirm(request, title=_("Mark as seen"), label=_("Mark as seen"), lines=[_("You become its assignee.")])
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
    return problem_get(viewer(request), uid=uid, level=AccessLevel.WRITE)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """The tiles."""
    user = viewer(request)
    numbers = dashboard_read(user, now=clock_now())
    problem_count = problems_visible(user).filter(state="OPEN").count()
    context = {
        "numbers": numbers,
        "status": link_status(),
        "new_customers": customers_new(user).count(),
        "problem_count": problem_count,
        "computers_url": reverse("console:computers"),
        "detections_chart": {
            "labels": [day for day, _count in numbers.detections_by_day],
            "series": [{"name": _("Detections"), "values": [count for _day, count in numbers.detections_by_day]}],
        },
        "is_admin": viewer_is_admin(request),
    }
    return render(request, "console/dashboard.html", context)
