"""Imports: upload, name the columns, look at what would happen, apply, undo; and the same form out again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.dialogs import Confirm, add_error, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.progress import ProgressState, progress_response

from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.imports import jobs
from seatkeep_hub.imports.enums import ImportState, RowResult
from seatkeep_hub.imports.exports import CONTENT_TYPES, export_file, template_file
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.imports.selectors import import_get, import_list
from seatkeep_hub.imports.services import import_apply, import_begin, import_map
from seatkeep_hub.imports.undoing import blockers, import_undo
from seatkeep_hub.imports.words import fault_words
from seatkeep_hub.msp.requests import approval_check
from seatkeep_hub.portal.import_forms import ERASE, ColumnsForm, FileForm
from seatkeep_hub.portal.import_tables import ImportRowTable, ImportTable
from seatkeep_hub.portal.selectors import is_one_msp, parents_for
from seatkeep_hub.portal.viewing import acting, viewer_of

WORKING = {
    ImportState.PLANNING: _("Checking the rows"),
    ImportState.APPLYING: _("Applying the rows"),
    ImportState.UNDOING: _("Undoing the import"),
}
BLOCKERS_SHOWN = 10
STEPS = ("file", "columns", "check", "result")
STEP_OF = {ImportState.READ: "columns", ImportState.PLANNING: "check", ImportState.PLANNED: "check"}


def imports(request: HttpRequest) -> HttpResponseBase:
    """Every file that was uploaded, and exports."""
    viewer = viewer_of(request)
    context = {"targets": parents_for(viewer), "is_one": is_one_msp()}
    return ImportTable(request, import_list(viewer)).response("portal/imports/index.html", context)


def import_new(request: HttpRequest) -> HttpResponse:
    """First step: the file."""
    targets = list(parents_for(viewer_of(request)))
    form = FileForm(request.POST or None, request.FILES or None, targets=targets, initial=_below(request))
    if request.method != "POST" or not form.is_valid():
        return _file_page(request, form)
    actor, now = acting(request)
    file = form.cleaned_data["file"]
    try:
        approval_check(viewer_of(request), form.cleaned_data["target"])
        run = import_begin(
            actor=actor, target=form.cleaned_data["target"], file_name=file.name, content=file.read(), now=now
        )
    except AppError as error:
        form.add_error("file", error.detail)
        return _file_page(request, form)
    return redirect("portal:import", run.uid)


def import_page(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """The step that an import is at."""
    run = import_get(viewer_of(request), uid)
    if run.state == ImportState.READ:
        return redirect("portal:import-columns", run.uid)
    context = {**_frame(run, STEP_OF.get(ImportState(run.state), "result")), "tiles": _tiles(run)}
    if run.state in WORKING:
        return render(request, "portal/imports/working.html", {**context, "state": _progress(run)})
    return ImportRowTable(request, run).response("portal/imports/rows.html", context)


def import_columns(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Second step: which column is what."""
    run = import_get(viewer_of(request), uid)
    if run.state not in (ImportState.READ, ImportState.PLANNED, ImportState.PLANNING):
        return redirect("portal:import", run.uid)
    initial = {**run.mapping, ERASE: run.erases_empty}
    form = ColumnsForm(request.POST or None, header=run.header, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                import_map(run=run, mapping=form.mapping(), erases_empty=form.cleaned_data[ERASE])
                jobs.check.defer(uid=str(run.uid))
            return redirect("portal:import", run.uid)
        except AppError as error:
            add_error(form, error)
    if form.is_bound:
        status = 422
    return render(request, "portal/imports/columns.html", {**_frame(run, "columns"), "form": form}, status=status)


def import_progress(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far the work is; when it has ended, on to the page."""
    run = import_get(viewer_of(request), uid)
    state = _progress(run)
    if not state.is_running and request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": _url(run)})
    return progress_response(request, state)


def import_go(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Apply what was checked, after saying what it will do."""
    run = import_get(viewer_of(request), uid)
    dialog = Confirm(request, title=_("Apply %(file)s") % {"file": run}, label=_("Apply"), lines=_apply_lines(run))
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    try:
        with transaction.atomic():
            import_apply(actor=actor, run=run, now=now)
            jobs.apply.defer(uid=str(run.uid))
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("The import has begun."), url=_url(run))


def import_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take an import back, or say what stands in the way."""
    run = import_get(viewer_of(request), uid)
    found = blockers(run)
    lines = [_("Row %(row)s: %(why)s") % {"row": row, "why": fault_words(fault.code)} for row, fault in found]
    dialog = Confirm(
        request,
        title=_("Undo %(file)s") % {"file": run},
        label=_("Undo"),
        is_danger=True,
        lines=[_("This cannot be undone any more:"), *lines[:BLOCKERS_SHOWN]] if found else _undo_lines(),
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    try:
        with transaction.atomic():
            import_undo(actor=actor, run=run, now=now)
            jobs.undo.defer(uid=str(run.uid))
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("The import is being undone."), url=_url(run))


def import_template(request: HttpRequest) -> HttpResponse:
    """The form, as CSV or XLSX."""
    viewer_of(request)
    is_xlsx = request.GET.get("format") == "xlsx"
    return _file(template_file(is_xlsx=is_xlsx), "seatkeep-companies-template", is_xlsx=is_xlsx)


def company_export(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Companies below one, with their agreements, in the form of an import."""
    viewer = viewer_of(request)
    is_xlsx = request.GET.get("format") == "xlsx"
    return _file(export_file(viewer, company_get(viewer, uid), is_xlsx=is_xlsx), "seatkeep-companies", is_xlsx=is_xlsx)


def _file_page(request: HttpRequest, form: FileForm) -> HttpResponse:
    context = {**_frame(None, "file"), "form": form}
    return render(request, "portal/imports/file.html", context, status=422 if form.is_bound else 200)


def _below(request: HttpRequest) -> dict[str, Any]:
    try:
        uid = UUID(request.GET.get("below", ""))
    except ValueError:
        return {}
    return {"target": company_get(viewer_of(request), uid, level=AccessLevel.WRITE)}


def _frame(run: ImportRun | None, current: str) -> dict[str, Any]:
    """The steps beside the page: done, current or open, with an address where one can go back."""
    words = {"file": _("File"), "columns": _("Columns"), "check": _("Check"), "result": _("Result")}
    is_open = run is not None and run.state in (ImportState.READ, ImportState.PLANNED)
    columns_url = reverse("portal:import-columns", args=[run.uid]) if run is not None and is_open else ""
    at = STEPS.index(current)
    steps = [
        (words[name], "current" if name == current else "done" if index < at else "open",
         columns_url if name == "columns" and name != current else "")
        for index, name in enumerate(STEPS)
    ]  # fmt: skip
    can_undo = run is not None and run.state in (ImportState.APPLIED, ImportState.FAILED)
    return {"run": run, "steps": steps, "can_undo": can_undo, "is_wide": current in ("check", "result")}


def _tiles(run: ImportRun) -> list[tuple[Any, int, str, str]]:
    tones = {RowResult.CREATE: "ok", RowResult.CHANGE: "info", RowResult.SAME: "off", RowResult.ERROR: "bad"}
    return [
        (result.label, count, tones[result] if count else "off", f"{_url(run)}?result={result}")
        for result in RowResult
        for count in [run.counts.get(result, 0)]
    ]


def _apply_lines(run: ImportRun) -> list[str]:
    made, changed = run.counts.get(RowResult.CREATE, 0), run.counts.get(RowResult.CHANGE, 0)
    return [
        ngettext("%(count)s row creates something.", "%(count)s rows create something.", made) % {"count": made},
        ngettext("%(count)s row changes something.", "%(count)s rows change something.", changed) % {"count": changed},
        _("If more is agreed than ordered, the shared license grows. No mail is sent."),
        _("It can be undone as long as nobody uses what it made."),
    ]


def _undo_lines() -> list[str]:
    return [
        _("Companies that it made are removed, their agreements closed; what it changed gets its old values back."),
        _("Seats that it ordered are given back, if nobody ordered since."),
    ]


def _progress(run: ImportRun) -> ProgressState:
    is_running = run.state in WORKING
    label = WORKING[ImportState(run.state)] if is_running else run.get_state_display()
    work = sum(run.counts.get(result, 0) for result in (RowResult.CREATE, RowResult.CHANGE))
    return ProgressState(
        label=label,
        url=reverse("portal:import-progress", args=[run.uid]),
        done=run.done,
        total=work if run.state == ImportState.APPLYING else None,
        state="running" if is_running else "finished",
        detail=run.file_name,
        link_url=_url(run),
        link_label=_("Look at it"),
    )


def _file(content: bytes, name: str, *, is_xlsx: bool) -> HttpResponse:
    kind = "xlsx" if is_xlsx else "csv"
    answer = HttpResponse(content, content_type=CONTENT_TYPES[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _url(run: ImportRun) -> str:
    return reverse("portal:import", args=[run.uid])
