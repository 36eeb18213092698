"""Tasks: the list, one task with its runs live, the scan dialog."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.forms import ScanForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.devices import DeviceTable
from seatkeep_manager.console.tables.tasks import RunTable, TaskTable
from seatkeep_manager.console.task_forms import GroupTaskForm
from seatkeep_manager.console.task_words import params_words, place_words, span_words, trigger_words
from seatkeep_manager.customers.across import tasks_with_progress
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import device_get, devices_active_visible
from seatkeep_manager.tasks.enums import FINAL_STATES
from seatkeep_manager.tasks.group_services import group_task_create
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_manager.tasks.selectors import task_failed_devices, task_get, task_get_writable, task_runs_visible
from seatkeep_manager.tasks.services import task_cancel, task_create, task_rerun


@require_safe
def tasks(request: HttpRequest) -> HttpResponseBase:
    """Tasks with their progress, newest first."""
    return TaskTable(request, tasks_with_progress(viewer(request))).response("console/tasks.html")


@require_safe
def task(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One task with its runs."""
    user = viewer(request)
    found = task_get(user, uid=uid)
    table = RunTable(request, task_runs_visible(user).filter(task=found))
    return table.response("console/task.html", {**_progress(user, found), "facts": _facts(found)})


def _facts(found: ClientTask) -> list[tuple[str, str]]:
    """What was ordered, in words; empty ones are left out."""
    facts = [
        (_("What"), params_words(found.params)),
        (_("Group"), place_words(found)),
        (_("When"), trigger_words(found) if found.group_id else ""),
        (_("May begin late by"), span_words(found.life_seconds) if found.group_id else ""),
    ]
    return [(name, words) for name, words in facts if words]


@require_safe
def task_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The progress of a task, polled each second until it has ended; the table beside it follows what changes."""
    user = viewer(request)
    context = _progress(user, task_get(user, uid=uid))
    if request.headers.get("X-Version") == context["version"]:
        return HttpResponse(status=204)
    response = render(request, "console/parts/task_news.html", context)
    response["HX-Trigger"] = "runs-changed"
    return response


def _progress(user: User, found: ClientTask) -> dict[str, Any]:
    task: Any = tasks_with_progress(user).get(pk=found.pk)
    moved = task_runs_visible(user).filter(task=found).aggregate(last=Max("reported_at"))
    version = f"{task.runs_done}/{task.runs_total}/{task.runs_failed}/{moved['last']}"
    is_standing = task.group_id is not None and task.ended_at is None
    return {
        "task": task, "is_running": task.runs_done < task.runs_total, "is_standing": is_standing, "version": version,
        "can_rerun": task.runs_failed > 0,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def task_new(request: HttpRequest) -> HttpResponse:
    """Scan the chosen computers."""
    devices = devices_active_visible(viewer(request), functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)
    rows = DeviceTable(request, devices).selected()
    return _scan(request, list(rows.values_list("id", flat=True)))


@require_http_methods(["GET", "POST"])
def device_scan(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Scan one computer."""
    return _scan(
        request,
        [device_get(viewer(request), uid=uid, functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE).pk],
    )


def _scan(request: HttpRequest, ids: list[int]) -> HttpResponse:
    form = ScanForm(request)
    title = ngettext("Scan %(n)s computer", "Scan %(n)s computers", len(ids)) % {"n": len(ids)}
    dialog = FormDialog(request, form, title=title, label=_("Scan"))
    if not dialog.is_valid:
        return dialog.response()
    made = task_create(
        actor=actor_from_request(request),
        kind=TaskKind.SCAN,
        params=form.params(),
        device_ids=ids,
        now=clock_now(),
    )
    return done(request, _("The scan was ordered."), url=reverse("console:task", args=[made.uid]))


@require_http_methods(["GET", "POST"])
def task_stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a task back where it has not ended."""
    found = task_get_writable(viewer(request), uid=uid)
    dialog = Confirm(
        request, title=_("Cancel this task"), count=found.runs.exclude(state__in=FINAL_STATES).count() or None,
        label=_("Cancel task"), is_danger=True, lines=[_("What a computer has begun it brings to its end.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    task_cancel(actor=actor_from_request(request), task=found, now=clock_now())
    return done(request, _("Canceled."), url=reverse("console:task", args=[uid]))


@require_http_methods(["GET", "POST"])
def task_order(request: HttpRequest) -> HttpResponse:
    """Put a task on a group."""
    form = GroupTaskForm(request.POST or None, user=viewer(request))
    dialog = FormDialog(request, form, title=_("New task"), label=_("Order"))
    if not dialog.is_valid:
        return dialog.response()
    try:
        made = group_task_create(actor=actor_from_request(request), now=clock_now(), **form.order())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("The task was ordered."), url=reverse("console:task", args=[made.uid]))


@require_http_methods(["GET", "POST"])
def task_again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Try once more where it failed."""
    user = viewer(request)
    found = task_get(user, uid=uid)
    failed = task_failed_devices(user, found)
    dialog = Confirm(
        request, title=_("Try again where it failed"), count=len(failed), label=_("Try again"),
        lines=[_("A new task is ordered for the computers whose newest run failed or expired; it begins at once.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        again = task_rerun(actor=actor_from_request(request), task=found, device_ids=failed, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Ordered once more."), url=reverse("console:task", args=[again.uid]))
