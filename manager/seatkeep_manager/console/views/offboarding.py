"""The leave and the return of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, add_error, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.customer_forms import OffboardForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.customers.enums import UNFINISHED, OffboardStep
from seatkeep_manager.customers.hand_over import pack_hand_out
from seatkeep_manager.customers.models import OffboardJob
from seatkeep_manager.customers.offboarding import offboard_cancel, offboard_retry, offboard_start
from seatkeep_manager.customers.returning import customer_restore
from seatkeep_manager.customers.rules import can_cancel
from seatkeep_manager.customers.selectors import (
    customer_get,
    offboard_forecast,
    offboard_get,
    offboard_latest,
    pack_get,
)
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.hublink.services import company_client


@dataclass(frozen=True)
class StepLine:
    """One step of an off-boarding on the page; `state` is done, running, failed or waiting."""

    label: str
    state: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    detail: str = ""


def offboard_context(job: OffboardJob) -> dict[str, object]:
    """What the part about an off-boarding shows."""
    return {
        "job": job,
        "steps": _steps(job),
        "is_unfinished": job.state in UNFINISHED,
        "can_cancel": can_cancel(state=job.state, step=job.step),
        "has_pack": hasattr(job, "pack"),
    }


def _steps(job: OffboardJob) -> list[StepLine]:
    """Each step in order with how it stands."""
    return [_step(job, step) for step in OffboardStep if step != OffboardStep.END]


def _step(job: OffboardJob, step: OffboardStep) -> StepLine:
    times = job.steps.get(step.value, {})
    began, ended = _instant(times.get("began_at")), _instant(times.get("ended_at"))
    counts = f"{job.done} / {job.total}" if step == OffboardStep.DEVICES and job.total else ""
    if ended or job.state == "DONE":
        return StepLine(str(step.label), "done", began, ended, counts)
    if job.step == step.value and began:
        return StepLine(str(step.label), "failed" if job.error else "running", began, None, job.error or counts)
    return StepLine(str(step.label), "waiting")


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@require_http_methods(["GET", "POST"])
def customer_offboard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Plan a customer's leave, after counting what it hits."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    today = clock_now().date()
    form = OffboardForm(
        request.POST or None,
        customer_name=found.name,
        initial={"last_day": today, "protect_until": today, "bill_until": today},
    )
    if request.method == "POST" and form.is_valid():
        try:
            offboard_start(actor=actor_from_request(request), company=found, now=clock_now(), **form.plan())
        except AppError as error:
            add_error(form, error)
        else:
            return redirect("console:customer", uid)
    context = {"customer": found, "form": form, "forecast": offboard_forecast(found, now=clock_now())}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/customer_offboard.html", context, status=status)


@require_safe
def offboard_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far an off-boarding is, polled each second."""
    job = offboard_get(viewer(request), uid=uid)
    context = {"customer": job.company, **offboard_context(job)}
    response = render(request, "console/parts/offboard.html", context)
    if job.state not in UNFINISHED:
        response["HX-Refresh"] = "true"  # What stands around it has changed too.
    return response


@require_http_methods(["GET", "POST"])
def customer_offboard_cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Call a leave off before Licensing is told."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Call off the off-boarding"),
        label=_("Call off"),
        lines=[_("Policies that were taken off come back. Keys that were revoked stay revoked.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    job = offboard_latest(found)
    try:
        if job:
            offboard_cancel(actor=actor_from_request(request), job_id=job.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Called off."), url=reverse("console:customer", args=[uid]))


@require_http_methods(["GET", "POST"])
def customer_offboard_retry(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Try the step that failed again now."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(request, title=_("Try again now"), label=_("Try again"))
    if not dialog.is_confirmed:
        return dialog.response()
    job = offboard_latest(found)
    try:
        if job:
            offboard_retry(actor=actor_from_request(request), job_id=job.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("It is tried again within seconds."), url=reverse("console:customer", args=[uid]))


@require_safe
def customer_hand_over(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The hand-over pack as a file."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    pack = pack_get(found)
    data = pack_hand_out(actor=actor_from_request(request), pack=pack, now=clock_now())
    response = HttpResponse(data, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="hand-over-{pack.made_at:%Y-%m-%d}.zip"'
    response["Cache-Control"] = "no-store"
    return response


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
    try:
        customer_restore(
            actor=actor_from_request(request), company=found, client=partial(company_client, now=now), now=now
        )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("The customer is back."), url=reverse("console:customer", args=[uid]))
