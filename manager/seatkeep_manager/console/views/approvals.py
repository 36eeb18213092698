"""Computers that wait to be let in: who, why, from where; and what a person decides."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.device_forms import ApproveForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.devices import ApprovalTable
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.enrollment.deciding import request_reject, requests_approve
from seatkeep_manager.enrollment.enums import RequestState
from seatkeep_manager.enrollment.models import EnrollmentRequest
from seatkeep_manager.enrollment.selectors import requests_visible


@require_safe
def approvals(request: HttpRequest) -> HttpResponseBase:
    """Computers that wait to be let in."""
    waiting = requests_visible(viewer(request)).filter(state=RequestState.WAITING)
    return ApprovalTable(request, waiting).response("console/approvals.html")


@require_http_methods(["GET", "POST"])
def approvals_approve(request: HttpRequest) -> HttpResponse:
    """Let the chosen computers in: as which computer, into which group, and for the key's later ones too."""
    rows = list(_deciding(request))
    companies = {row.company_hub_id for row in rows}
    groups = groups_visible(viewer(request), functionality=Functionality.INSTALLERS, level=AccessLevel.WRITE)
    own = groups.filter(company_hub_id__in=companies) if len(companies) == 1 else groups.none()
    form = ApproveForm(request, rows=rows, groups=own)
    title = ngettext("Approve %(n)s computer", "Approve %(n)s computers", len(rows)) % {"n": len(rows)}
    dialog = FormDialog(
        request, form, title=title, label=_("Approve"),
        lines=[_("Each hears so at its next try, within a minute.")] if rows else [_("Nothing is selected.")],
    )  # fmt: skip
    if not dialog.is_valid or not rows:
        return dialog.response()
    try:
        requests_approve(
            actor=actor_from_request(request), user=viewer(request), requests=rows, group=form.place,
            answer=form.answer_given, is_always=form.cleaned_data.get("always", False), now=clock_now(),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Approved."), url=reverse("console:approvals"))


@require_http_methods(["GET", "POST"])
def approvals_reject(request: HttpRequest) -> HttpResponse:
    """Turn the chosen computers away."""
    rows = _deciding(request)
    dialog = Confirm(
        request,
        title=_("Reject computers"),
        count=rows.count(),
        label=_("Reject"),
        is_danger=True,
        lines=[_("They are turned away for good, unless they are installed anew.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    for row in rows:
        request_reject(actor=actor_from_request(request), user=viewer(request), request=row, now=clock_now())
    return done(request, _("Rejected."), url=reverse("console:approvals"))


def _deciding(request: HttpRequest) -> QuerySet[EnrollmentRequest]:
    """The chosen computers that the person may decide about."""
    waiting = requests_visible(viewer(request), level=AccessLevel.WRITE).filter(state=RequestState.WAITING)
    return ApprovalTable(request, waiting).selected()
