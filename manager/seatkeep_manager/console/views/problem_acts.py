"""What people do with problems: dialogs for one, for a group, for a selection; taking it back; thresholds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.problem_forms import NoteForm, PersonForm, SnoozeForm, threshold_rows
from seatkeep_manager.console.tables.problems import problem_table
from seatkeep_manager.console.views.problems import group_rows
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, Functionality
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.problems.acts import (
    act_undo,
    problems_acknowledge,
    problems_assign,
    problems_note,
    problems_reopen,
    problems_snooze,
)
from seatkeep_manager.problems.enums import UNRESOLVED
from seatkeep_manager.problems.errors import ProblemNoFixError, ProblemNotFoundError, ThresholdInvalidError
from seatkeep_manager.problems.fixes import Fix, FixCode, fix_get, fixes_of, problems_fix, problems_fixable
from seatkeep_manager.problems.limits import group_limits, group_limits_set
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.people import assignee_get, assignees_of
from seatkeep_manager.problems.selectors import problems_visible
from seatkeep_manager.problems.thresholds import THRESHOLDS
from seatkeep_manager.problems.visits import visit_marker

_SEEN_MEANS = gettext_lazy("You look after it from now on; others see your name.")
_REOPEN_MEANS = gettext_lazy("They stand among the open ones again.")
_FIX_MEANS = gettext_lazy("The problems go by themselves as soon as their facts are gone.")


@require_http_methods(["GET", "POST"])
def problem_act(request: HttpRequest, uid: UUID, act: str) -> HttpResponse:
    """Do something with one problem."""
    return _dialog(request, act, problems_visible(viewer(request), level=AccessLevel.USE).filter(uid=uid))


@require_http_methods(["GET", "POST"])
def problems_act(request: HttpRequest, act: str) -> HttpResponse:
    """Do something with a group of the home page, or with a selection of the list."""
    return _dialog(request, act, _chosen(request, AccessLevel.USE))


def _chosen(request: HttpRequest, level: AccessLevel) -> QuerySet[Problem]:
    """The posted selection of the list, else the group that the address names."""
    if "table_query" in request.POST or "selected" in request.POST:
        return problem_table(request, level=level).selected()
    return group_rows(request, level, visit_marker(viewer(request), now=clock_now()))  # type: ignore[no-any-return]


def _dialog(request: HttpRequest, act: str, rows: QuerySet[Problem]) -> HttpResponse:
    ids = list(rows.filter(state__in=UNRESOLVED).order_by("pk").values_list("pk", flat=True))
    if not ids:
        raise ProblemNotFoundError
    dialogs = {"seen": _seen, "snooze": _snooze, "assign": _assign, "note": _note, "reopen": _reopen}
    return dialogs[act](request, ids)


def _who(request: HttpRequest, ids: list[int]) -> dict[str, Any]:
    return {
        "actor": actor_from_request(request), "user": viewer(request), "problem_ids": ids, "now": clock_now()
    }  # fmt: skip


def _seen(request: HttpRequest, ids: list[int]) -> HttpResponse:
    dialog = Confirm(
        request, title=_("Mark as seen"), label=_("Mark as seen"), count=_count(ids), lines=[_SEEN_MEANS]
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    problems_acknowledge(**_who(request, ids))
    text = ngettext("%(n)s problem marked as seen.", "%(n)s problems marked as seen.", len(ids))
    return done(request, text % {"n": len(ids)})


def _reopen(request: HttpRequest, ids: list[int]) -> HttpResponse:
    dialog = Confirm(request, title=_("Open again"), label=_("Open again"), count=_count(ids), lines=[_REOPEN_MEANS])
    if not dialog.is_confirmed:
        return dialog.response()
    problems_reopen(**_who(request, ids))
    return done(request, _("Opened again."))


def _snooze(request: HttpRequest, ids: list[int]) -> HttpResponse:
    form = SnoozeForm(request)
    dialog = FormDialog(request, form, title=_titled(_("Snooze"), ids), label=_("Snooze"))
    if not form.is_bound or not dialog.is_valid:
        return dialog.response()
    try:
        problems_snooze(**_who(request, ids), until=form.until(localtime(clock_now())))
    except AppError as error:
        form.add_error("day" if form.cleaned_data.get("day") else None, error.detail)
        return dialog.response()
    if form.cleaned_data["note"]:
        problems_note(**_who(request, ids), note=form.cleaned_data["note"])
    return done(request, _("Snoozed."))


def _note(request: HttpRequest, ids: list[int]) -> HttpResponse:
    one = Problem.objects.filter(pk__in=ids).values_list("note", flat=True)[:2]
    form = NoteForm(request, initial={"note": one[0] if len(ids) == 1 else ""})
    dialog = FormDialog(request, form, title=_titled(_("Note"), ids), label=_("Save"))
    if not form.is_bound or not dialog.is_valid:
        return dialog.response()
    problems_note(**_who(request, ids), note=form.cleaned_data["note"])
    return done(request, _("Saved."))


def _assign(request: HttpRequest, ids: list[int]) -> HttpResponse:
    rows = Problem.objects.filter(pk__in=ids)
    form = PersonForm(request, people=assignees_of(rows), me=viewer(request))
    dialog = FormDialog(request, form, title=_titled(_("Assign"), ids), label=_("Assign"))
    if not form.is_bound or not dialog.is_valid:
        return dialog.response()
    email = form.cleaned_data["assignee"]
    problems_assign(**_who(request, ids), assignee=assignee_get(email, rows) if email else None)
    return done(request, _("Assigned.") if email else _("Nobody looks after it now."))


def _titled(verb: str, ids: list[int]) -> str:
    return (
        verb if len(ids) == 1 else f"{verb}: " + ngettext("%(n)s problem", "%(n)s problems", len(ids)) % {"n": len(ids)}
    )


def _count(ids: list[int]) -> int | None:
    return len(ids) if len(ids) > 1 else None


@require_http_methods(["GET", "POST"])
def problem_fix(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Order the fix of one problem."""
    return _fix(request, problems_visible(viewer(request)).filter(uid=uid, state__in=UNRESOLVED))


@require_http_methods(["GET", "POST"])
def problems_fix_many(request: HttpRequest) -> HttpResponse:
    """Order the fix of a group or of a selection."""
    return _fix(request, _chosen(request, AccessLevel.READ).filter(state__in=UNRESOLVED))


def _fix(request: HttpRequest, rows: QuerySet[Problem]) -> HttpResponse:
    user = viewer(request)
    kinds = sorted(set(rows.order_by().values_list("kind", flat=True)))
    if not kinds:
        raise ProblemNotFoundError
    usual = fixes_of(kinds[0])
    try:
        fix = fix_get(request.GET.get("fix") or (str(usual[0].code) if usual else ""), kinds)
    except ProblemNoFixError:
        return _no_fix(request)
    chosen = problems_fixable(user, fix, rows)
    dialog = _fix_dialog(request, fix, chosen, passed_over=rows.count() - len(chosen))
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        fixed = problems_fix(
            actor=actor_from_request(request), user=user, fix=fix, problems=chosen, now=clock_now()
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    text = ngettext("Ordered for %(n)s.", "Ordered for %(n)s.", fixed.count) % {"n": fixed.count}
    return done(request, text, url=reverse("console:task", args=[fixed.task]) if fixed.task else "")


def _no_fix(request: HttpRequest) -> HttpResponse:
    lines = [_("Choose problems of one kind that has a fix; the others say what to do when you open them.")]
    return Confirm(request, title=_("No common fix"), label=_("Fix"), count=0, lines=lines).response()


def _fix_dialog(request: HttpRequest, fix: Fix, chosen: list[Problem], *, passed_over: int) -> Confirm:
    lines: list[Any] = [*fix.meaning, _FIX_MEANS]
    if passed_over:
        one = "%(n)s is passed over: you may not do that there."
        more = "%(n)s are passed over: you may not do that there."
        lines.append(ngettext(one, more, passed_over) % {"n": passed_over})
    servers = sum(row.device is not None and row.device.kind == DeviceKind.SERVER for row in chosen)
    is_serious = fix.code is FixCode.RESTART and servers > 0
    if is_serious:
        lines.append(ngettext("%(n)s server is among them.", "%(n)s servers are among them.", servers) % {"n": servers})
    return Confirm(
        request, title=fix.label, label=fix.label, lines=lines, count=len(chosen), is_danger=fix.is_danger,
        typed=_("restart servers") if is_serious else "",
    )  # fmt: skip


@require_POST
def problem_undo(request: HttpRequest, act: UUID) -> HttpResponse:
    """Take an own act back."""
    count = act_undo(actor=actor_from_request(request), user=viewer(request), act=act, now=clock_now())
    text = ngettext("%(n)s problem is as before.", "%(n)s problems are as before.", count)
    return done(request, text % {"n": count})


@require_http_methods(["GET", "POST"])
def group_thresholds(request: HttpRequest, uid: UUID) -> HttpResponse:
    """When the computers of a group become problems."""
    group = group_get(viewer(request), uid=uid, functionality=Functionality.PROBLEMS, level=AccessLevel.WRITE)
    back = f"{reverse('console:computers')}?group={group.uid}"
    if request.method != "POST":
        rows = threshold_rows(group_limits(group))
        return render(request, "console/group_thresholds.html", {"group": group, "rows": rows, "back_url": back})
    sent = {name: request.POST.get(name, "").strip() for name in THRESHOLDS}
    try:
        group_limits_set(actor=actor_from_request(request), group_id=group.pk, own=sent, now=clock_now())
    except ThresholdInvalidError as error:
        rows = threshold_rows(group_limits(group), sent=sent, errors=error.fields)
        context = {"group": group, "rows": rows, "back_url": back}
        return render(request, "console/group_thresholds.html", context, status=422)
    return done(request, _("Saved."), url=back)
