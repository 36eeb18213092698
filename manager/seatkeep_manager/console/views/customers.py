"""Managed Customers: the list, one customer, set-up, ready, leave and return."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.progress import ProgressState, progress_response

from seatkeep_manager.console.forms import OffboardForm, SetUpForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.customers import CustomerTable
from seatkeep_manager.customers.models import OffboardJob
from seatkeep_manager.customers.offboarding import customer_restore, offboard_cancel, offboard_start
from seatkeep_manager.customers.rules import is_due
from seatkeep_manager.customers.selectors import (
    customer_get,
    customers_new,
    customers_overview,
    offboard_forecast,
    offboard_get,
    offboard_latest,
)
from seatkeep_manager.customers.services import customer_set_up, customers_mark_ready, template_default
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.enrollment.selectors import tokens_visible
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.selectors import node_list, product_names
from seatkeep_manager.hublink.services import hub_client


@require_safe
def customers(request: HttpRequest) -> HttpResponseBase:
    """One row per customer."""
    user = viewer(request)
    table = CustomerTable(request, customers_overview(user))
    return table.response("console/customers.html", {"new_count": customers_new(user).count()})


@require_safe
def customer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One customer: state, seats, keys, leave."""
    user = viewer(request)
    found = customers_overview(user).filter(pk=customer_get(user, uid=uid).pk).get()
    job = offboard_latest(found)
    context = {
        "customer": found,
        "nodes": _seats(found),
        "tokens": list(tokens_visible(user).filter(company_hub_id=found.hub_id, revoked_at__isnull=True)[:5]),
        "job": job,
        "job_is_due": job is not None and is_due(protect_until=job.protect_until, today=clock_now().date()),
        "progress": _progress(job) if job else None,
        "licensing_url": settings.LICENSING_URL,
    }
    return detail_response(request, "console/customer.html", context)


def _seats(found: MirroredCompany) -> list[dict[str, Any]]:
    """The customer's seats with the names of their products."""
    names = product_names()
    nodes = node_list(company_hub_ids=[found.hub_id])
    return [{"node": node, "product": names.get(node.product, node.product)} for node in nodes]


@require_http_methods(["GET", "POST"])
def customer_setup(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The set-up of one customer on one page."""
    user = viewer(request)
    found = customer_get(user, uid=uid, level=AccessLevel.WRITE)
    standard = template_default(now=clock_now())
    form = SetUpForm(request.POST or None, initial={"template": standard, "groups": "\n".join(standard.groups)})
    if request.method == "POST" and form.is_valid() and (answer := _set_up(request, found.uid, form)):
        return answer
    status = 422 if request.method == "POST" else 200
    return render(request, "console/customer_setup.html", {"customer": found, "form": form}, status=status)


def _set_up(request: HttpRequest, uid: UUID, form: SetUpForm) -> HttpResponse | None:
    """Set the customer up; a "no" goes to the form."""
    try:
        result = customer_set_up(
            actor=actor_from_request(request),
            user=viewer(request),
            company_uid=uid,
            template=form.cleaned_data["template"],
            group_names=form.cleaned_data["groups"],
            makes_key=form.cleaned_data["makes_key"],
            now=clock_now(),
        )
    except AppError as error:
        form.add_error(None, error.detail)
        return None
    if result.token:
        return redirect("console:installer", result.token.uid)
    return redirect("console:customer", uid)


@require_http_methods(["GET", "POST"])
def customers_ready(request: HttpRequest) -> HttpResponse:
    """Mark the chosen customers, or with `?all=1` all new ones, as ready."""
    user = viewer(request)
    if request.GET.get("all"):
        rows = customers_new(user)
    else:
        rows = CustomerTable(request, customers_overview(user)).selected()
    dialog = Confirm(
        request,
        title=_("Mark as ready"),
        count=rows.count(),
        label=_("Mark as ready"),
        lines=[_("Nothing is made for them: no groups, no key. They can still be set up later.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    uids = list(rows.values_list("uid", flat=True))
    count = customers_mark_ready(actor=actor_from_request(request), user=user, company_uids=uids, now=clock_now())
    text = ngettext("%(n)s customer is ready.", "%(n)s customers are ready.", count) % {"n": count}
    return done(request, text, url=reverse("console:customers"))


@require_http_methods(["GET", "POST"])
def customer_ready(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mark one customer as ready."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(request, title=_("Mark %(name)s as ready") % {"name": found.name}, label=_("Mark as ready"),
                     lines=[_("Nothing is made for it: no groups, no key. It can still be set up later.")])  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    customers_mark_ready(actor=actor_from_request(request), user=viewer(request), company_uids=[uid], now=clock_now())
    return done(request, _("Ready."), url=reverse("console:customer", args=[uid]))


@require_http_methods(["GET", "POST"])
def customer_offboard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Plan a customer's leave, after counting what it hits."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    today = clock_now().date()
    forecast = offboard_forecast(found, now=clock_now())
    form = OffboardForm(
        request.POST or None,
        customer_name=found.name,
        initial={"last_day": today, "protect_until": today, "bill_until": today},
    )
    lines = [
        ngettext(
            "%(devices)s computer stops being managed; online now, stopping at once: %(online)s.",
            "%(devices)s computers stop being managed; online now, stopping at once: %(online)s.",
            forecast.devices,
        )
        % {"devices": forecast.devices, "online": forecast.online},
        ngettext("%(seats)s seat is released.", "%(seats)s seats are released.", forecast.seats)
        % {"seats": forecast.seats},
        _("Its installers are revoked."),
        _("History stays, and the customer can be brought back."),
    ]
    dialog = FormDialog(
        request,
        form,
        title=_("Off-board %(name)s") % {"name": found.name},
        label=_("Off-board"),
        lines=lines,
        is_danger=True,
    )
    if not dialog.is_valid:
        return dialog.response()
    days = {name: form.cleaned_data[name] for name in ("last_day", "protect_until", "bill_until")}
    offboard_start(actor=actor_from_request(request), company=found, now=clock_now(), **days)
    return done(request, _("The off-boarding was ordered."), url=reverse("console:customer", args=[uid]))


@require_safe
def offboard_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far an off-boarding is, polled each second."""
    return progress_response(request, _progress(offboard_get(viewer(request), uid=uid)))


def _progress(job: OffboardJob) -> ProgressState:
    """An off-boarding as a progress bar."""
    state = "finished" if job.state in ("DONE", "CANCELED") else "running"
    return ProgressState(
        label=job.get_state_display() if job.state != "RUNNING" else job.get_step_display(),
        url=reverse("console:offboard-live", args=[job.uid]),
        done=job.done,
        total=job.total or None,
        state=state,
        detail=job.error,
        link_url=reverse("console:customer", args=[job.company.uid]),
        link_label=_("Show the customer"),
    )


@require_http_methods(["GET", "POST"])
def customer_offboard_cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Call a planned leave off."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(request, title=_("Call off the off-boarding"), label=_("Call off"))
    if not dialog.is_confirmed:
        return dialog.response()
    if job := offboard_latest(found):
        offboard_cancel(actor=actor_from_request(request), job_id=job.pk, now=clock_now())
    return done(request, _("Called off."), url=reverse("console:customer", args=[uid]))


@require_http_methods(["GET", "POST"])
def customer_return(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Bring an off-boarded customer back."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Bring %(name)s back") % {"name": found.name},
        label=_("Bring back"),
        lines=[
            _("Computers, policies and history come back; where the agent is gone, install it again."),
            _("Its old keys stay revoked."),
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    now = clock_now()
    customer_restore(actor=actor_from_request(request), company=found, client=lambda: hub_client(now=now), now=now)
    return done(request, _("The customer is back."), url=reverse("console:customer", args=[uid]))
