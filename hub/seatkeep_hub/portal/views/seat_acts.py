"""Computers: move them, answer questions about them, and what becomes of those that are silent."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.selectors import seat_get
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.license_tables import QuestionTable, SeatTable, SilentTable
from seatkeep_hub.portal.seat_forms import NONE, PROPOSE, RELEASE, MoveForm, QuestionForm, StaleRuleForm
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.seats import seat_tabs, seats_writable
from seatkeep_hub.upkeep.models import SeatQuestion, StaleRule
from seatkeep_hub.upkeep.questions import ANSWERS, question_answer, question_get, question_list
from seatkeep_hub.upkeep.stale import stale_rule_clear, stale_rule_set, stale_seats


def seats_move(request: HttpRequest) -> HttpResponse:
    """Move the selected computers to another customer or site, each with its result."""
    viewer = viewer_of(request)
    chosen = SeatTable(request, seats_writable(viewer)).selected().filter(state=SeatState.ACTIVE)
    form = MoveForm(request.POST if "company" in request.POST else None, companies=_places(viewer))
    count = chosen.count()
    names = ("selected", "all_matching", "table_query")
    dialog = FormDialog(
        request,
        form,
        title=ngettext("Move %(count)s computer", "Move %(count)s computers", count) % {"count": count},
        label=_("Move"),
        lines=_move_lines(),
        carried=[(name, value) for name in names for value in request.POST.getlist(name)],
    )
    if not dialog.is_valid:
        return dialog.response()
    return _move(request, dialog, form, chosen)


def seat_move(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Move one computer."""
    viewer = viewer_of(request)
    found = seat_get(viewer, uid)
    company_get(viewer, found.node.company.uid, right=Right.SEATS)
    form = MoveForm(request.POST or None, companies=_places(viewer))
    dialog = FormDialog(request, form, title=_("Move %(name)s") % {"name": found}, label=_("Move"), lines=_move_lines())
    if not dialog.is_valid:
        return dialog.response()
    return _move(request, dialog, form, Seat.objects.filter(pk=found.pk))


def _move_lines() -> list[str]:
    return [
        _("It counts there from now on; its protection goes on. The customer needs an agreement for the same product."),
        _("In the console the computer stays in its group: move it there, too."),
    ]


def _move(request: HttpRequest, dialog: FormDialog, form: MoveForm, chosen: QuerySet[Seat]) -> HttpResponse:
    arguments = {"company": str(form.cleaned_data["company"].uid), "site": form.cleaned_data["site"].strip()}
    uids = list(chosen.order_by("pk").values_list("uid", flat=True))
    actor, now = acting(request)
    try:
        with transaction.atomic():
            run = bulk_begin(
                actor=actor, kind=BulkKind.SEATS_MOVE, items=uids, arguments=arguments, user=viewer_of(request), now=now
            )
            jobs.bulk.defer(uid=str(run.uid))
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Begun."), url=reverse("portal:run", args=[run.uid]))


def _places(viewer: User) -> QuerySet[Company]:
    """Companies to which this person may move computers: those with an open share."""
    writable = companies_visible(viewer, right=Right.SEATS).filter(nodes__isnull=False, nodes__closed_at=None)
    return writable.distinct().order_by("name", "id")


def questions(request: HttpRequest) -> HttpResponseBase:
    """Computers about which only a person can say what they are."""
    table = QuestionTable(request, question_list(viewer_of(request)))
    return table.response("portal/seats_table.html", {"tab_items": seat_tabs()})


def question_answer_ask(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer one question."""
    viewer = viewer_of(request)
    found = question_get(viewer, uid)
    company_get(viewer, found.seat.node.company.uid, right=Right.SEATS)
    form = QuestionForm(request.POST or None, kind=found.kind, answers=ANSWERS[found.kind])  # type: ignore[index]
    dialog = FormDialog(
        request, form, title=_QUESTIONS[found.kind] % {"name": found.seat}, label=_("Answer"), lines=_facts(found)
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: question_answer(actor=actor, question=found, answer=form.cleaned_data["answer"], now=now),
        said=_("Answered."),
        url=reverse("portal:seat-questions"),
    )


def silent(request: HttpRequest) -> HttpResponseBase:
    """Computers in use that were silent for as long as their rule says."""
    viewer = viewer_of(request)
    table = SilentTable(request, stale_seats(viewer, now=read_clock()))
    rules = StaleRule.objects.filter(company__in=companies_visible(viewer)).select_related("company")
    context = {"tab_items": seat_tabs(), "rules": rules.order_by("company__name")[:50], "home": viewer.company}
    return table.response("portal/seats_silent.html", context)


def stale_rule(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What becomes of silent computers of a company and below."""
    company = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    held = StaleRule.objects.filter(company=company).first()
    act = NONE if held is None else RELEASE if held.is_automatic else PROPOSE
    form = StaleRuleForm(request.POST or None, initial={"act": act, "days": held.days if held else 90})
    dialog = FormDialog(
        request,
        form,
        title=_("Silent computers of %(name)s") % {"name": company},
        label=_("Set"),
        lines=[
            _("It holds for the company and everything below it that has no rule of its own."),
            _("A seat that was given back can be taken again for 24 hours; the software stays installed."),
        ],
    )
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    wanted = form.cleaned_data
    try:
        if wanted["act"] == NONE:
            stale_rule_clear(actor=actor, company=company, now=now)
        else:
            is_automatic = wanted["act"] == RELEASE
            stale_rule_set(actor=actor, company=company, days=wanted["days"], is_automatic=is_automatic, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Set."), url=reverse("portal:seats-silent"))


_QUESTIONS = {
    "HARDWARE": gettext_lazy("Is this %(name)s with changed hardware?"),
    "CLONE": gettext_lazy("Do two computers say that they are %(name)s?"),
}


def _facts(found: SeatQuestion) -> list[str]:
    seat, other = found.seat, found.other
    if other is None:
        return [
            _("A key that was replaced came back: two computers take turns, and only one is protected at a time."),
            _("This happens after copying a disk or a virtual machine. Remove the agent on the copy and install it."),
        ]
    why = _("the same agent") if found.detail == "agent" else _("the same serial number %(no)s") % {"no": seat.serial}
    return [
        _("%(former)s and %(came)s have %(why)s and another hardware.")
        % {"former": seat.shown_name, "came": other.shown_name, "why": why},
        _("Former: last seen %(at)s.") % {"at": date_format(seat.last_seen_at, "SHORT_DATETIME_FORMAT")},
        _("New: activated %(at)s.") % {"at": date_format(other.activated_at, "SHORT_DATETIME_FORMAT")},
    ]
