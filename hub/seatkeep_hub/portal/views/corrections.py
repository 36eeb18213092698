"""Corrections of closed months: entering them, and approving those that a second person has to see."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.billing.corrections import (
    correction_add,
    correction_approve,
    correction_reject,
    correction_request,
    is_second_person_needed,
)
from seatkeep_hub.billing.lines import month_words
from seatkeep_hub.billing.models import CorrectionRequest
from seatkeep_hub.billing.money import money_text
from seatkeep_hub.billing.selectors import correction_get, correction_list, line_get
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.portal.billing_forms import CorrectionForm
from seatkeep_hub.portal.billing_tables import CorrectionTable
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.viewing import acting, viewer_of


def corrections(request: HttpRequest) -> HttpResponseBase:
    """What waits for a second person, and what was decided."""
    return CorrectionTable(request, correction_list(viewer_of(request))).response("portal/corrections.html")


def line_correct(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Correct a closed line in the open month, or ask somebody else to approve it."""
    found = line_get(viewer_of(request), uid)
    company_get(viewer_of(request), found.statement.seller.uid, right=Right.BILLING)
    is_asked = is_second_person_needed(found)
    form = CorrectionForm(request.POST or None, currency=found.statement.currency)
    alone = _("It becomes a line of the open month, with your name as who approved it.")
    asked = _("Somebody else who may close months has to approve it; then it becomes a line of the open month.")
    dialog = FormDialog(
        request,
        form,
        title=_("Correct a line of %(month)s") % {"month": month_words(found.statement)},
        label=_("Ask for approval") if is_asked else _("Add the correction"),
        lines=[asked if is_asked else alone],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    fields = {"amount_minor": form.cleaned_data["amount"], "reason": form.cleaned_data["reason"]}
    try:
        if is_asked:
            correction_request(actor=actor, line=found, now=now, **fields)
            return done(request, _("Waits for somebody else to approve it."), url=reverse("portal:corrections"))
        made = correction_add(actor=actor, line=found, now=now, **fields)
    except AppError as error:
        return dialog.refuse(error)
    words = _("Corrected in %(month)s.") % {"month": month_words(made.statement)}
    return done(request, words, url=reverse("portal:statement", args=[made.statement.uid]))


def approve(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Approve somebody else's correction."""
    found = correction_get(viewer_of(request), uid, right=Right.BILLING)
    dialog = _question(request, found, _("Approve this correction"), _("Approve"))
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    try:
        made = correction_approve(actor=actor, request=found, now=now)
    except AppError as error:
        return dialog.refuse(error)
    words = _("Corrected in %(month)s.") % {"month": month_words(made.statement)}
    return done(request, words, url=reverse("portal:corrections"))


def reject(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Reject a correction; nothing is billed."""
    found = correction_get(viewer_of(request), uid, right=Right.BILLING)
    dialog = _question(request, found, _("Reject this correction"), _("Reject"), is_danger=True)
    return carry_out(
        request,
        dialog,
        lambda actor, now: correction_reject(actor=actor, request=found, now=now),
        said=_("Rejected; nothing is billed."),
        url=reverse("portal:corrections"),
    )


def _question(
    request: HttpRequest, found: CorrectionRequest, title: str, label: str, *, is_danger: bool = False
) -> Confirm:
    statement = found.line.statement
    amount = money_text(found.amount_minor, statement.currency)
    values = {"amount": amount, "buyer": statement.buyer, "month": month_words(statement)}
    lines = [
        _("%(amount)s for %(buyer)s, %(month)s.") % values,
        _("“%(reason)s” – %(who)s") % {"reason": found.reason, "who": found.enterer},
    ]
    return Confirm(request, title=title, label=label, lines=lines, is_danger=is_danger)
