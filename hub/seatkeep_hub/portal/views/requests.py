"""Requests: what managed MSPs ask for, and the answers."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible
from seatkeep_hub.msp.commands import command_words
from seatkeep_hub.msp.enums import RequestKind, RequestState
from seatkeep_hub.msp.errors import RequestNotFoundError
from seatkeep_hub.msp.models import Request
from seatkeep_hub.msp.requests import (
    may_cancel,
    may_decide,
    request_approve,
    request_cancel,
    request_get,
    request_list,
    request_make,
    request_reject,
    requests_to_decide,
)
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.company_forms import AnswerForm, AskOrderForm
from seatkeep_hub.portal.company_tables import RequestTable
from seatkeep_hub.portal.viewing import acting, viewer_of


def requests(request: HttpRequest) -> HttpResponseBase:
    """Everything that was asked for, and how many wait for the viewer."""
    viewer = viewer_of(request)
    context = {"waiting": requests_to_decide(viewer).count(), "can_ask": askers_of(viewer).exists()}
    return RequestTable(request, request_list(viewer)).response("portal/requests.html", context)


def request(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One request: what exactly, why, and the answer."""
    viewer = viewer_of(request)
    found = request_get(viewer, uid)
    is_waiting = found.state == RequestState.PENDING
    context = {
        "asked": found,
        "what": command_words(found.kind, found.about, found.command),
        "can_decide": is_waiting and may_decide(viewer, found),
        "can_cancel": is_waiting and may_cancel(viewer, found),
    }
    return detail_response(request, "portal/request.html", context)


def request_order(request: HttpRequest) -> HttpResponse:
    """Ask for a license."""
    viewer = viewer_of(request)
    form = AskOrderForm(request.POST or None, askers=askers_of(viewer))
    dialog = FormDialog(
        request, form, title=_("Ask for a license"), label=_("Ask"), lines=[_("Your manager approves it first.")]
    )
    if not dialog.is_valid:
        return dialog.response()
    values = form.cleaned_data
    line = {"bundle_code": values["bundle_code"], "quantity": values["quantity"]}
    actor, now = acting(request)
    try:
        made = request_make(
            viewer=viewer,
            actor=actor,
            kind=RequestKind.ORDER,
            about=values["about"],
            command={"lines": [line]},
            reason=values["reason"],
            now=now,
        )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Asked. Your manager approves it."), url=_url(made))


def request_yes(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Approve: carry it out."""
    found = _decidable(viewer_of(request), uid)
    what = command_words(found.kind, found.about, found.command)
    lines = [_("%(what)s, for %(name)s, is carried out at once in your name.") % {"what": what, "name": found.about}]
    dialog = FormDialog(
        request, AnswerForm(_answered(request)), title=_("Approve %(what)s") % {"what": what}, label=_("Approve"),
        lines=lines,
    )  # fmt: skip
    return carry_out(
        request,
        dialog,
        lambda actor, now: request_approve(
            actor=actor, request=found, answer=dialog.form.cleaned_data["answer"], now=now
        ),
        said=_("Approved and carried out."),
        url=reverse("portal:requests"),
    )


def request_no(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Reject."""
    found = _decidable(viewer_of(request), uid)
    what = command_words(found.kind, found.about, found.command)
    dialog = FormDialog(
        request,
        AnswerForm(_answered(request)),
        title=_("Reject %(what)s") % {"what": what},
        label=_("Reject"),
        is_danger=True,
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: request_reject(
            actor=actor, request=found, answer=dialog.form.cleaned_data["answer"], now=now
        ),
        said=_("Rejected."),
        url=reverse("portal:requests"),
    )


def request_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a request back."""
    viewer = viewer_of(request)
    found = request_get(viewer, uid)
    if not may_cancel(viewer, found):
        raise RequestNotFoundError
    dialog = Confirm(request, title=_("Take this request back?"), label=_("Take back"))
    return carry_out(
        request,
        dialog,
        lambda actor, now: request_cancel(actor=actor, request=found, now=now),
        said=_("Taken back."),
        url=reverse("portal:requests"),
    )


def askers_of(viewer: User) -> QuerySet[Company]:
    """Managed MSPs in whose name the viewer has to ask."""
    writable = companies_visible(viewer, level=AccessLevel.WRITE)
    own = writable.filter(kind=CompanyKind.MANAGED_MSP, is_trusted=False)
    return own.exclude(parent__in=writable.values("pk")).order_by("name", "id")


def _decidable(viewer: User, uid: UUID) -> Request:
    found = request_get(viewer, uid)
    if not may_decide(viewer, found):
        raise RequestNotFoundError
    return found


def _answered(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _url(made: Request) -> str:
    return reverse("portal:request", args=[made.uid])
