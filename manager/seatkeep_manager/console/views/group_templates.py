"""Templates of dynamic groups: the list, the editor with its rows of rules, and whom they would take."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, add_error, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.group_forms import BLANK_ROWS, RuleRow, TemplateForm, rows_sent, rows_stored
from seatkeep_manager.console.owners import owner_chosen, owners_offered
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.groups import GroupTemplateTable
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import devices_visible
from seatkeep_manager.grouping.errors import TemplateRulesError
from seatkeep_manager.grouping.models import GroupTemplate
from seatkeep_manager.grouping.rules import template_clean
from seatkeep_manager.grouping.selectors import Preview, template_get, template_preview, templates_visible
from seatkeep_manager.grouping.services import template_create, template_delete, template_update

PREVIEW_SHOWS = 12


@require_safe
def templates(request: HttpRequest) -> HttpResponseBase:
    """Templates that a person may see."""
    table = GroupTemplateTable(request, templates_visible(viewer(request)))
    return table.response("console/group_templates.html")


@require_http_methods(["GET", "POST"])
def template_new(request: HttpRequest) -> HttpResponse:
    """Make a template; `?copy=` begins with the rules of another one."""
    source = template_get(viewer(request), uid=UUID(request.GET["copy"])) if request.GET.get("copy") else None
    owners = owners_offered(request, Functionality.GROUPS)
    initial = {"operation": source.operation, "description": source.description} if source else {}
    form = TemplateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            template_create(
                actor=actor_from_request(request), name=form.cleaned_data["name"],
                description=form.cleaned_data["description"], operation=form.cleaned_data["operation"],
                conditions=[row.rule() for row in rows_sent(request.POST)],
                company_hub_id=owner_chosen(request, owners), now=clock_now(),
            )  # fmt: skip
        except AppError as error:
            add_error(form, error)
        else:
            return redirect("console:group-templates")
    return _editor(request, form, source, {"owners": owners, "is_new": True})


@require_http_methods(["GET", "POST"])
def template_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Look at a template, and change one that is the person's to change."""
    found = template_get(viewer(request), uid=uid)
    is_mine = templates_visible(viewer(request), level=AccessLevel.WRITE).filter(pk=found.pk).exists()
    can_change = is_mine and not found.builtin
    stored = {"name": found.name, "description": found.description, "operation": found.operation}
    form = TemplateForm(request.POST or None, initial=stored)
    if request.method == "POST" and can_change and form.is_valid():
        try:
            template_update(
                actor=actor_from_request(request), template_id=found.pk, now=clock_now(), **form.cleaned_data,
                conditions=[row.rule() for row in rows_sent(request.POST)],
            )  # fmt: skip
        except AppError as error:
            add_error(form, error)
        else:
            return redirect("console:group-templates")
    return _editor(request, form, found, {"template": found, "can_change": can_change, "is_mine": is_mine})


def _editor(
    request: HttpRequest, form: TemplateForm, stored: GroupTemplate | None, context: dict[str, object]
) -> HttpResponse:
    rows = rows_sent(request.POST) if request.method == "POST" else rows_stored(stored.rules) if stored else []
    shown = rows or [RuleRow()] * BLANK_ROWS
    operation = form["operation"].value()
    page = {"form": form, "rows": shown, "preview": _preview(request, operation, rows), **context}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/group_template_edit.html", page, status=status)


@require_POST
def template_row(request: HttpRequest) -> HttpResponse:
    """One row anew, after another thing to ask about was chosen, or an empty one to add."""
    rows = rows_sent(request.POST)
    response = render(request, "console/parts/rule_row.html", {"row": rows[0] if rows else RuleRow()})
    response["HX-Trigger"] = "rules-changed"
    return response


@require_POST
def template_try(request: HttpRequest) -> HttpResponse:
    """Whom the rules in the form would take, saved or not."""
    preview = _preview(request, request.POST.get("operation", ""), rows_sent(request.POST))
    return render(request, "console/parts/group_preview.html", {"preview": preview})


def _preview(request: HttpRequest, operation: str, rows: list[RuleRow]) -> dict[str, object]:
    if not rows:
        return {}
    try:
        template = template_clean(operation, [row.rule() for row in rows])
    except TemplateRulesError as error:
        return {"fault": " ".join(error.fields["rules"])}
    found: Preview = template_preview(template, devices_visible(viewer(request)), now=clock_now())
    return {
        "count": len(found.devices), "devices": found.devices[:PREVIEW_SHOWS],
        "more": max(0, len(found.devices) - PREVIEW_SHOWS), "looked": found.looked, "total": found.total,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def template_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a template that no group uses."""
    found = template_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(request, title=_("Delete %(name)s") % {"name": found.name}, label=_("Delete"), is_danger=True)
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        template_delete(actor=actor_from_request(request), template_id=found.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Deleted."))
