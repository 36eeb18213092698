"""Alerts: what stands now, what a person is told by mail, and the link that stops it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import add_error, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.alerts.enums import AlertKind
from seatkeep_hub.alerts.rules import Fact
from seatkeep_hub.alerts.telling import facts_now
from seatkeep_hub.alerts.wishes import alerts_off, alerts_set, off_read, user_for_alerts, user_named, wishes_of
from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.portal.alert_forms import AlertsForm, alerts_initial
from seatkeep_hub.portal.people_forms import LISTED
from seatkeep_hub.portal.viewing import acting, viewer_of

SHOWN_PER_KIND = 20


def alerts(request: HttpRequest) -> HttpResponse:
    """What stands for the viewer, beside what they are told of."""
    viewer = viewer_of(request)
    return _page(request, viewer, reverse("portal:alerts"))


def user_alerts(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What somebody else is told, for who manages people there; what stands for them is theirs to see."""
    viewer = viewer_of(request)
    person = user_for_alerts(viewer, user_named(viewer, uid), level=AccessLevel.WRITE)
    return _page(request, person, reverse("portal:user-alerts", args=[uid]))


@csrf_exempt
@login_not_required
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Stop one kind, or all: by the button of this page, or by a mail program's own (RFC 8058).

    No sign-in and no CSRF token: the signed link itself is the permission, and it can do nothing else. Opening the page
    changes nothing, because mail scanners open links.
    """
    user, kind = off_read(token)
    is_off = request.method == "POST"
    if is_off:
        alerts_off(user=user, kind=kind, now=read_clock())
    context = {"person": user, "kind": kind.label if kind else "", "is_off": is_off}
    return render(request, "portal/alerts_off.html", context)


def _page(request: HttpRequest, person: User, url: str) -> HttpResponse:
    form = _form(request, person)
    if request.method == "POST" and form.is_valid():
        actor, now = acting(request)
        try:
            alerts_set(actor=actor, user=person, now=now, **form.wanted())
        except AppError as error:
            add_error(form, error)
        else:
            return done(request, _("Saved."), url=url)
    context = {
        "person": person,
        "is_self": person == request.user,
        "form": form,
        "kinds": _grouped(facts_now(person, now=read_clock())) if person == request.user else [],
        "is_mail_set": settings.SMTP_IS_SET,
    }
    return render(request, "portal/alerts.html", context, status=422 if form.is_bound else 200)


def _form(request: HttpRequest, person: User) -> AlertsForm:
    companies = companies_visible(person).exclude(status=CompanyStatus.REMOVED).defer("search").order_by("name", "id")
    shown = companies.filter(pk__in=companies.values("pk")[:LISTED]) if person == request.user else None
    return AlertsForm(request.POST or None, companies=shown, initial=alerts_initial(wishes_of([person])[person.pk]))


def _grouped(facts: Sequence[Fact]) -> list[tuple[str, int, list[Fact]]]:
    """Label, number and the first few facts of each kind."""
    found = [(AlertKind(kind), list(some)) for kind, some in groupby(facts, key=lambda one: one.kind.value)]
    return [(str(kind.label), len(some), some[:SHOWN_PER_KIND]) for kind, some in found]
