"""One act on one or several companies: ask, do, and show what became of each; and the move with its preview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.impersonation import impersonation_refuse
from seatkeep_webkit.progress import ProgressState, progress_response

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.rules import CHILD_KINDS
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import license_list
from seatkeep_hub.msp import jobs
from seatkeep_hub.msp.bulk import MAX_COMPANIES, Wanted, is_quick, item_list, run_begin, run_get, run_work
from seatkeep_hub.msp.enums import CompanyAct, RunState
from seatkeep_hub.msp.models import CompanyRun
from seatkeep_hub.msp.moving import MovePlan, move_plan
from seatkeep_hub.portal.company_forms import TagForm, TargetForm
from seatkeep_hub.portal.company_tables import CompanyTable, OutcomeTable
from seatkeep_hub.portal.selectors import is_one_msp
from seatkeep_hub.portal.viewing import acting, viewer_of

MOVE_WORDS = {
    "move_cycle": _("It cannot come to stand below itself."),
    "move_kind": _("A company of this kind cannot stand there."),
    "move_other_manager": _("It stays below its manager: this MSP has another one."),
    "move_no_license": _("This MSP has no license for what is in use here. Order one for it first."),
    "move_choose_license": _("This MSP has several licenses that fit. Choose one."),
    "move_no_room": _("The license there has a limit and too few free seats. Change its seats first."),
    "company_status": _("It, or the new MSP, is not in use."),
}


def companies_act(request: HttpRequest, act: str) -> HttpResponse:
    """Ask before an act on the selected companies, then do it."""
    try:
        wanted = CompanyAct(act)
    except ValueError as error:
        raise Http404 from error
    viewer = viewer_of(request)
    found = companies_visible(viewer, level=AccessLevel.WRITE).exclude(kind=CompanyKind.VENDOR)
    chosen = CompanyTable(request, found, can_add=True).selected().exclude(status=CompanyStatus.REMOVED)
    if wanted in (CompanyAct.TAG_ADD, CompanyAct.TAG_REMOVE, CompanyAct.MOVE):
        return _with_form(request, viewer, wanted, chosen)
    return _with_question(request, viewer, wanted, chosen)


def act(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """What became of each company; how far it is while it runs."""
    viewer_of(request)
    run = run_get(acting(request)[0], uid)
    state = _progress(run)
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != "table-company-act":
        if state.is_running:
            return progress_response(request, state)
        return HttpResponse(status=204, headers={"HX-Redirect": _act_url(run)})
    refused = item_list(run).exclude(code__in=["", "done", "unchanged"]).count()
    context = {"run": run, "state": state, "refused": refused, "is_one": is_one_msp()}
    return OutcomeTable(request, item_list(run)).response("portal/company_act.html", context)


def company_move(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Move one company: choose where, look at what goes over, then do it."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid, level=AccessLevel.WRITE)
    asked = request.POST if request.method == "POST" else request.GET
    targets = places_for(viewer, found)
    target = targets.filter(uid=uid_of(asked.get("target", ""))).first()
    form = TargetForm(asked or None, targets=targets, licenses=_licenses_of(viewer, target))
    plan = None
    if target is not None and form.is_valid():
        license = form.cleaned_data.get("license")
        plan = move_plan(company=found, target=target, license=license)
        if request.method == "POST" and not plan.refusal:
            wanted = Wanted(CompanyAct.MOVE, target=target.uid, license=license.uid if license else None)
            return _start(request, viewer, wanted, [found.uid])
    context = {**_plan_context(plan), "company": found, "form": form, "plan": plan, "has_targets": targets.exists()}
    return render(request, "portal/company_move.html", context, status=422 if request.method == "POST" else 200)


def places_for(viewer: User, company: Company) -> QuerySet[Company]:
    """Companies that the viewer may change, below which one of this kind can stand, and does not yet."""
    kinds = [kind for kind, children in CHILD_KINDS.items() if company.kind in children and kind != CompanyKind.VENDOR]
    found = companies_visible(viewer, level=AccessLevel.WRITE).filter(kind__in=kinds, status=CompanyStatus.ACTIVE)
    return found.exclude(Q(pk=company.parent_id) | Q(path__contains=[company.pk])).order_by("name", "id")


def _with_question(request: HttpRequest, viewer: User, wanted: CompanyAct, chosen: QuerySet[Company]) -> HttpResponse:
    if wanted == CompanyAct.REMOVE:
        impersonation_refuse(request)
    count = chosen.count()
    dialog = Confirm(
        request,
        title=_("%(act)s: companies") % {"act": wanted.label},
        label=wanted.label,
        is_danger=wanted in (CompanyAct.SUSPEND, CompanyAct.REMOVE),
        count=count,
        is_password_asked=wanted == CompanyAct.REMOVE,
        lines=_lines(wanted, count),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        return _start(request, viewer, Wanted(wanted), list(chosen.values_list("uid", flat=True)[:MAX_COMPANIES]))
    except AppError as error:
        return dialog.refuse(error)


def _with_form(request: HttpRequest, viewer: User, wanted: CompanyAct, chosen: QuerySet[Company]) -> HttpResponse:
    count = chosen.count()
    form = _act_form(request, viewer, wanted, chosen)
    words = ngettext("%(n)s company is selected.", "%(n)s companies are selected.", count) % {"n": count}
    dialog = FormDialog(
        request,
        form,
        title=wanted.label,
        label=wanted.label,
        lines=[words, *_lines(wanted, count)],
        carried=_carried(request),
    )
    if not (count and dialog.is_valid):
        return dialog.response()
    values = form.cleaned_data
    target = values.get("target")
    asked = Wanted(wanted, tag=values.get("tag", ""), target=target.uid if target else None)
    try:
        return _start(request, viewer, asked, list(chosen.values_list("uid", flat=True)[:MAX_COMPANIES]))
    except AppError as error:
        return dialog.refuse(error)


def _act_form(request: HttpRequest, viewer: User, wanted: CompanyAct, chosen: QuerySet[Company]) -> Form:
    """The form; it is bound only when its own question was answered, not when the selection arrives."""
    data = request.POST if request.POST.get("answered") == "1" else None
    if wanted != CompanyAct.MOVE:
        return TagForm(data)
    first = chosen.first()
    return TargetForm(data, targets=places_for(viewer, first) if first else Company.objects.none())


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The selection, which the dialog brings back with its answer."""
    own = {"csrfmiddlewaretoken", "answered", "tag", "target"}
    kept = [(name, value) for name, values in request.POST.lists() if name not in own for value in values]
    return [*kept, ("answered", "1")]


def _start(request: HttpRequest, viewer: User, wanted: Wanted, uids: list[UUID]) -> HttpResponse:
    actor, now = acting(request)
    run = run_begin(viewer=viewer, actor=actor, wanted=wanted, company_uids=uids, now=now)
    if not is_quick(run):
        jobs.company_run.defer(uid=str(run.uid))
        return done(request, _("It has begun."), url=_act_url(run))
    run = run_work(uid=run.uid, now=now)
    finished = item_list(run).filter(code__in=["done", "unchanged"]).count()
    return done(request, _("%(done)s of %(all)s done.") % {"done": finished, "all": run.total}, url=_act_url(run))


def _lines(wanted: CompanyAct, count: int) -> list[str]:
    lines = {
        CompanyAct.SUSPEND: [_("No new computer is activated there and none is renewed.")],
        CompanyAct.UNSUSPEND: [_("Computers can be activated and renewed again.")],
        CompanyAct.MOVE: [_("Agreements and seats go over to the license of the new MSP; the old ones close today.")],
        CompanyAct.REMOVE: [
            _("Only what is suspended and not in use any more is removed; the others stay as they are."),
            _("Their history stays, and each can be restored."),
        ],
    }
    found = list(lines.get(wanted, []))
    if count > MAX_COMPANIES:
        found.append(_("At most %(n)s at once; the first ones are taken.") % {"n": MAX_COMPANIES})
    return found


def _licenses_of(viewer: User, target: Company | None) -> QuerySet[License] | None:
    if target is None:
        return None
    return license_list(viewer).filter(owner_id__in=target.path, kind=LicenseKind.MSP, cancelled_at=None)


def _plan_context(plan: MovePlan | None) -> dict[str, Any]:
    if plan is None:
        return {}
    return {"refusal": MOVE_WORDS.get(plan.refusal, plan.refusal), "can_move": not plan.refusal}


def _progress(run: CompanyRun) -> ProgressState:
    return ProgressState(
        label=run.get_act_display(),
        url=_act_url(run),
        done=run.done,
        total=run.total,
        state="running" if run.state == RunState.RUNNING else "finished",
        link_url=reverse("portal:companies"),
        link_label=_("Back to the list"),
    )


def uid_of(text: str) -> UUID:
    """An id from an address; what is none is nobody's."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _act_url(run: CompanyRun) -> str:
    return reverse("portal:company-act", args=[run.uid])
