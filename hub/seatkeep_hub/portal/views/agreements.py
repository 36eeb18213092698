"""Agreements of a customer, and off-boarding."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.progress import ProgressState, progress_response

from seatkeep_hub.agreements import jobs
from seatkeep_hub.agreements.enums import JobState
from seatkeep_hub.agreements.models import Offboarding
from seatkeep_hub.agreements.offboarding import company_offboard, company_return, offboarding_get
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_list, seat_count
from seatkeep_hub.msp.enums import RequestKind
from seatkeep_hub.portal.asking import ask_instead
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.license_forms import AgreementForm, OffboardForm
from seatkeep_hub.portal.viewing import acting, viewer_of


def agreement(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make or change an agreement: Fixed or Flexible."""
    viewer = viewer_of(request)
    customer = company_get(viewer, uid, level=AccessLevel.WRITE)
    form = AgreementForm(request.POST or None, licenses=licenses_above(viewer, customer))
    dialog = FormDialog(
        request,
        form,
        title=_("Agreement with %(name)s") % {"name": customer},
        label=_("Set agreement"),
        lines=[
            _("Fixed: a number is promised and billed. Flexible: what is in use is billed."),
            _("If more is promised than ordered, the shared license grows in the same step."),
        ],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    wanted = form.cleaned_data
    try:
        asked = ask_instead(request, customer, RequestKind.AGREEMENT, {**wanted, "license": str(wanted["license"].uid)})
        if asked is not None:
            return asked
        agreement_set(actor=actor, company=customer, now=now, **wanted)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Agreement set."), url=_url(customer))


def offboard(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Off-board a customer: one verb, one job."""
    viewer = viewer_of(request)
    customer = company_get(viewer, uid, level=AccessLevel.WRITE)
    today = read_clock().date()
    initial = {"last_day": today, "bill_until": today}
    form = OffboardForm(request.POST or None, initial=initial)
    used = seat_count(viewer, company=customer)["ACTIVE"]
    dialog = FormDialog(
        request,
        form,
        title=_("Off-board %(name)s") % {"name": customer},
        label=_("Off-board"),
        is_danger=True,
        lines=[
            ngettext("%(count)s seat is given back now.", "%(count)s seats are given back now.", used)
            % {"count": used},
            _("To protect until a later day, use the console."),
            _("Agreements are closed and the customer is archived. It can be restored with its history."),
        ],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    try:
        with transaction.atomic():
            job = company_offboard(
                actor=actor,
                company=customer,
                protect_until=max(now.date(), form.cleaned_data["last_day"]),
                now=now,
                **form.cleaned_data,
            )
            jobs.offboard.defer(uid=str(job.uid))
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Off-boarding has begun."), url=reverse("portal:job", args=[job.uid]))


def restore(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Bring an off-boarded customer back."""
    customer = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Restore %(name)s") % {"name": customer},
        label=_("Restore"),
        lines=[_("It comes back with its history and its agreements. Its computers are activated anew.")],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: company_return(actor=actor, company=customer, now=now),
        said=_("Restored."),
        url=_url(customer),
    )


def job(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Progress of an off-boarding; can be left and found again."""
    found = offboarding_get(viewer_of(request), uid)
    state = _progress(found)
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != "drawer-body":
        return progress_response(request, state)
    return detail_response(request, "portal/job.html", {"job": found, "state": state})


def licenses_above(viewer: User, customer: Company) -> QuerySet[License]:
    """Licenses that this customer can have a share of."""
    return license_list(viewer).filter(owner_id__in=customer.path, cancelled_at=None, suspended_at=None)


def _progress(found: Offboarding) -> ProgressState:
    words = {JobState.RUNNING: "running", JobState.FINISHED: "finished", JobState.FAILED: "failed"}
    return ProgressState(
        label=_("Off-boarding %(name)s") % {"name": found.company},
        done=found.done,
        total=found.total,
        url=reverse("portal:job", args=[found.uid]),
        state=words[JobState(found.state)],
        link_url=_url(found.company),
        link_label=str(found.company),
    )


def _url(customer: Company) -> str:
    return reverse("portal:company", args=[customer.uid])
