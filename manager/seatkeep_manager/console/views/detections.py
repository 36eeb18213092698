"""Detections and quarantine."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done

from seatkeep_manager.console.engine_words import action_words, engine_name
from seatkeep_manager.console.forms import ResolveForm, RestoreForm
from seatkeep_manager.console.group_places import asked_group, scope_of
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.devices import DetectionTable, QuarantineTable
from seatkeep_manager.customers.orders import quarantine_task
from seatkeep_manager.detections.enums import QuarantineState, Resolution
from seatkeep_manager.detections.models import QuarantineItem
from seatkeep_manager.detections.selectors import (
    detection_get,
    detections_by_engine,
    detections_visible,
    quarantine_item_get,
    quarantine_visible,
)
from seatkeep_manager.detections.services import detection_resolve
from seatkeep_manager.directory.enums import AccessLevel


@require_safe
def detections(request: HttpRequest) -> HttpResponseBase:
    """Everything that engines found; `?group=` narrows to a group and below."""
    rows, group = detections_visible(viewer(request)), asked_group(request)
    if group is not None:
        rows = rows.filter(device__group__path__contains=[group.pk])
    table = DetectionTable(request, rows, scope=scope_of(group))
    context: dict[str, object] = {"group": group}
    if not table.is_part:
        context["sources"] = [
            (engine_name(code), n, table.address(engine=code, state="open", cursor=None))
            for code, n in detections_by_engine(rows)
        ]
    return table.response("console/detections.html", context)


@require_safe
def detection(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One detection with its file in quarantine."""
    found = detection_get(viewer(request), uid=uid)
    context = {
        "detection": found,
        "engine": engine_name(found.engine),
        "action": action_words(found.action),
        "resolved_by": engine_name(found.resolved_by),
        "items": list(found.quarantine.all()),
    }
    return detail_response(request, "console/detection.html", context)


@require_http_methods(["GET", "POST"])
def detections_resolve(request: HttpRequest) -> HttpResponse:
    """Close the chosen detections by hand."""
    rows = DetectionTable(request, detections_visible(viewer(request), level=AccessLevel.USE)).selected()
    form, count = ResolveForm(request), rows.count()
    title = ngettext("Resolve %(n)s detection", "Resolve %(n)s detections", count) % {"n": count}
    dialog = FormDialog(request, form, title=title, label=_("Resolve"))
    if not dialog.is_valid:
        return dialog.response()
    for found in rows:
        detection_resolve(
            actor=actor_from_request(request),
            detection_id=found.pk,
            resolution=Resolution(form.cleaned_data["resolution"]),
            note=form.cleaned_data["note"],
            now=clock_now(),
        )
    return done(request, _("Resolved."), url=reverse("console:detections"))


@require_safe
def quarantine(request: HttpRequest) -> HttpResponseBase:
    """Files that computers keep locked away."""
    return QuarantineTable(request, quarantine_visible(viewer(request))).response("console/quarantine.html")


@require_safe
def quarantine_item(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One file in quarantine."""
    item = quarantine_item_get(viewer(request), uid=uid)
    return detail_response(request, "console/quarantine_item.html", {"item": item})


@require_http_methods(["GET", "POST"])
def quarantine_restore(request: HttpRequest) -> HttpResponse:
    """Ask computers to put files back."""
    rows = _held(request)
    form, count = RestoreForm(request), rows.count()
    title = ngettext("Restore %(n)s file from quarantine", "Restore %(n)s files from quarantine", count) % {"n": count}
    dialog = FormDialog(request, form, title=title, label=_("Restore"))
    if not dialog.is_valid:
        return dialog.response()
    quarantine_task(
        actor=actor_from_request(request),
        kind=TaskKind.QUARANTINE_RESTORE,
        items=list(rows),
        is_excluding=form.cleaned_data["is_excluding"],
        now=clock_now(),
    )
    return done(request, _("The computers were told to restore the files."), url=reverse("console:quarantine"))


@require_http_methods(["GET", "POST"])
def quarantine_delete(request: HttpRequest) -> HttpResponse:
    """Ask computers to delete files for good."""
    rows = _held(request)
    dialog = Confirm(
        request,
        title=_("Delete from quarantine"),
        count=rows.count(),
        label=_("Delete"),
        is_danger=True,
        lines=[_("The files are deleted on their computers and cannot be brought back.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    quarantine_task(
        actor=actor_from_request(request), kind=TaskKind.QUARANTINE_DELETE, items=list(rows), now=clock_now()
    )
    return done(request, _("The computers were told to delete the files."), url=reverse("console:quarantine"))


def _held(request: HttpRequest) -> QuerySet[QuarantineItem]:
    """The chosen files that are still in quarantine, of computers the person may change."""
    visible = quarantine_visible(viewer(request), level=AccessLevel.WRITE).filter(state=QuarantineState.HELD)
    return QuarantineTable(request, visible).selected()
