"""What computers are asked to do from their own pages: any task for one or for chosen ones, and what came out."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.run_words import run_facts
from seatkeep_manager.console.tables.devices import DeviceTable
from seatkeep_manager.console.work_forms import DeviceWorkForm, Reach
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, Functionality
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.selectors import device_get, devices_active_visible
from seatkeep_manager.tasks.enums import FINAL_STATES
from seatkeep_manager.tasks.files import file_get
from seatkeep_manager.tasks.orders import functionality_of
from seatkeep_manager.tasks.selectors import run_get
from seatkeep_manager.tasks.services import task_create


@require_http_methods(["GET", "POST"])
def tasks_chosen(request: HttpRequest) -> HttpResponse:
    """Ask the chosen computers to do something."""
    wanted = functionality_of(request.POST.get("kind", ""))
    devices = devices_active_visible(viewer(request), functionality=wanted, level=AccessLevel.USE)
    table = DeviceTable(request, devices)
    return _order(request, list(table.selected().values_list("id", "kind")), "")


@require_http_methods(["GET", "POST"])
def device_task(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask one computer to do something; `?kind=` chooses what."""
    wanted = functionality_of(request.POST.get("kind", ""))
    found = device_get(viewer(request), uid=uid, functionality=wanted, level=AccessLevel.USE)
    return _order(request, [(found.pk, found.kind)], found.name)


@require_http_methods(["GET", "POST"])
def device_release(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Let a computer back to the network."""
    found = device_get(viewer(request), uid=uid, functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)
    dialog = Confirm(
        request, title=_("Release %(name)s from isolation") % {"name": found.name}, label=_("Release"),
        lines=[_("It reaches the network again as soon as it hears of this.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    task_create(
        actor=actor_from_request(request), kind=TaskKind.RELEASE, params={}, device_ids=[found.pk], now=clock_now()
    )
    return done(request, _("The release was ordered."), url=_url(found))


@require_safe
def run(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What came out of one run; it follows the run while that goes on."""
    found = run_get(viewer(request), uid=uid)
    context = {
        "run": found, "facts": run_facts(found), "output": found.result.get("output", ""),
        "is_open": found.state not in FINAL_STATES, "has_file": hasattr(found, "file"),
    }  # fmt: skip
    if request.headers.get("HX-Target") == "run-live":
        return render(request, "console/parts/run_live.html", context)
    return detail_response(request, "console/run.html", context)


@require_safe
def run_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Download what the computer sent."""
    found = file_get(viewer(request), run_uid=uid)
    return HttpResponse(
        bytes(found.content), content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{found.name}"'},
    )  # fmt: skip


def _order(request: HttpRequest, chosen: list[tuple[int, str]], name: str) -> HttpResponse:
    servers = sum(kind == DeviceKind.SERVER for _pk, kind in chosen)
    initial = {"kind": request.GET.get("kind", TaskKind.SCAN)}
    # A selection is posted to open the dialog; the form itself comes with its kind.
    data = request.POST if "kind" in request.POST else None
    form = DeviceWorkForm(data, user=viewer(request), reached=Reach(len(chosen), servers), initial=initial)
    count = len(chosen)
    many = ngettext("Task for %(n)s computer", "Task for %(n)s computers", count) % {"n": count}
    title = _("Task for %(name)s") % {"name": name} if name else many
    dialog = FormDialog(request, form, title=title, label=_("Order"), carried=_selection(request))
    if data is None or not dialog.is_valid:
        return dialog.response()
    try:
        made = task_create(
            actor=actor_from_request(request), kind=form.cleaned_data["kind"], params=form.params(),
            device_ids=[pk for pk, _kind in chosen], now=clock_now(),
            is_server_confirmed=form.cleaned_data.get("is_sure_servers", False),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("The task was ordered."), url=reverse("console:task", args=[made.uid]))


def _selection(request: HttpRequest) -> list[tuple[str, str]]:
    own = {*DeviceWorkForm.base_fields, "csrfmiddlewaretoken", "came_from", "confirmed"}
    return [(name, value) for name, values in request.POST.lists() if name not in own for value in values]


def _url(found: Device) -> str:
    return reverse("console:device", args=[found.uid])
