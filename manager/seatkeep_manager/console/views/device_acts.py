"""Acts on one or many computers, each shown before it is done and taken back with one click: move, rename, mute."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.device_forms import MuteForm, OneNameForm, PlaceForm, RenameForm
from seatkeep_manager.console.move_words import move_lines
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.devices import DeviceTable
from seatkeep_manager.customers.moves import move_preview
from seatkeep_manager.directory.acts import act_undo, devices_manage, devices_move, devices_rename
from seatkeep_manager.directory.enums import AccessLevel, GroupKind
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.naming import names_of
from seatkeep_manager.directory.selectors import device_get, devices_visible, groups_visible
from seatkeep_manager.directory.services import devices_mute
from seatkeep_manager.problems.services import devices_evaluate

SHOWN = 8
"""How many new names a preview shows."""


@require_http_methods(["GET", "POST"])
def devices_place(request: HttpRequest) -> HttpResponse:
    """Put the chosen computers into another group, after showing what that changes."""
    return _place(request, _chosen(request))


@require_http_methods(["GET", "POST"])
def device_place(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put one computer into another group."""
    return _place(request, _one(request, uid))


def _place(request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
    user, count = viewer(request), devices.count()
    groups = groups_visible(user, level=AccessLevel.WRITE).exclude(kind__in=(GroupKind.ROOT, GroupKind.COMPANIES))
    companies = devices.order_by().values("company_hub_id").distinct()
    form = PlaceForm(request, groups=groups, near=groups.filter(company_hub_id__in=companies))
    title = ngettext("Move %(n)s computer", "Move %(n)s computers", count) % {"n": count}
    dialog = FormDialog(request, form, title=title, label=_("Next"))
    if not dialog.is_valid or form.place is None:
        return dialog.response()
    if not form.is_seen:
        return _shown(dialog, form, form.place, devices)
    try:
        act = devices_move(
            actor=actor_from_request(request), user=user, device_ids=_ids(devices), group_id=form.place.pk,
            now=clock_now(),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    moved = act.count if act else 0
    text = ngettext("%(n)s computer moved to %(group)s.", "%(n)s computers moved to %(group)s.", moved)
    return done(request, text % {"n": moved, "group": form.place.name})


def _shown(dialog: FormDialog, form: PlaceForm, place: StaticGroup, devices: QuerySet[Device]) -> HttpResponse:
    form.show(place)
    dialog.lines = move_lines(move_preview(devices, place), place)
    dialog.label = _("Move")
    return dialog.response()


@require_http_methods(["GET", "POST"])
def devices_names(request: HttpRequest) -> HttpResponse:
    """Name the chosen computers by a pattern, after showing the names."""
    devices = _chosen(request).order_by("hostname", "pk")
    count = devices.count()
    form = RenameForm(request)
    title = ngettext("Rename %(n)s computer", "Rename %(n)s computers", count) % {"n": count}
    dialog = FormDialog(
        request, form, title=title, label=_("Show the names"),
        lines=[_("The computers keep their own host names, which stay in sight beside these.")],
    )  # fmt: skip
    if not dialog.is_valid:
        return dialog.response()
    chosen = list(devices)
    try:
        names = names_of(form.wish[0], chosen, start=form.wish[1])
        if not form.is_seen:
            form.show()
            dialog.lines, dialog.label = _name_lines(chosen, names), _("Rename")
            return dialog.response()
        act = devices_rename(actor=actor_from_request(request), user=viewer(request), names=names, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    renamed = act.count if act else 0
    return done(request, ngettext("%(n)s computer renamed.", "%(n)s computers renamed.", renamed) % {"n": renamed})


def _name_lines(devices: list[Device], names: dict[int, str]) -> list[str]:
    """The first new names, how many more there are, and how many stay as they are."""
    named = [f"{one.name} → {names[one.pk]}" for one in devices if one.pk in names]
    lines = named[:SHOWN]
    if more := len(named) - len(lines):
        lines.append(ngettext("… and %(n)s more.", "… and %(n)s more.", more) % {"n": more})
    if same := len(names) - len(set(names.values())):
        text = ngettext("%(n)s name would be there twice.", "%(n)s names would be there twice.", same)
        lines.append(text % {"n": same})
    if left := len(devices) - len(named):
        text = ngettext(
            "%(n)s computer keeps its name: something that the pattern names is not known of it.",
            "%(n)s computers keep their names: something that the pattern names is not known of them.", left,
        )  # fmt: skip
        lines.append(text % {"n": left})
    return lines


@require_http_methods(["GET", "POST"])
def device_name(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Rename one computer."""
    found = device_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    form = OneNameForm(request.POST or None, initial={"name": found.display_name})
    dialog = FormDialog(request, form, title=_("Rename %(name)s") % {"name": found.hostname}, label=_("Rename"))
    if not dialog.is_valid:
        return dialog.response()
    try:
        names = {found.pk: form.cleaned_data["name"]}
        devices_rename(actor=actor_from_request(request), user=viewer(request), names=names, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Renamed."))


@require_http_methods(["GET", "POST"])
def devices_quiet(request: HttpRequest) -> HttpResponse:
    """Mute the chosen computers, or let everything count again."""
    return _quiet(request, _chosen(request))


@require_http_methods(["GET", "POST"])
def device_quiet(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mute one computer."""
    return _quiet(request, _one(request, uid))


def _quiet(request: HttpRequest, devices: QuerySet[Device]) -> HttpResponse:
    count, form, now = devices.count(), MuteForm(request), clock_now()
    title = ngettext("Mute %(n)s computer", "Mute %(n)s computers", count) % {"n": count}
    dialog = FormDialog(
        request, form, title=title, label=_("Mute"),
        lines=[_("Nothing that is wrong with it counts as a problem meanwhile. It stays protected and reports on.")],
    )  # fmt: skip
    if not dialog.is_valid:
        return dialog.response()
    until = now + form.span if form.span else None
    ids = _ids(devices)
    devices_mute(actor=actor_from_request(request), device_ids=ids, until=until, now=now)
    devices_evaluate(device_ids=ids, now=now)
    return done(request, _("Muted.") if until else _("Everything counts again."))


@require_http_methods(["GET", "POST"])
def devices_retire(request: HttpRequest) -> HttpResponse:
    """Stop managing the chosen computers, after counting them."""
    rows = _chosen(request).filter(state="ACTIVE")
    dialog = Confirm(
        request, title=_("Stop managing computers"), count=rows.count(), label=_("Stop managing"), is_danger=True,
        lines=[
            _("Each gets a signed order to retire, also when it is offline now."),
            _("Their history stays. For ten minutes one click takes it back; later they can be managed again."),
        ],
    )  # fmt: skip
    return _manage(request, dialog, rows, is_managed=False)


@require_http_methods(["GET", "POST"])
def devices_again(request: HttpRequest) -> HttpResponse:
    """Manage the chosen computers again."""
    rows = _chosen(request).filter(state="RETIRED")
    dialog = Confirm(
        request, title=_("Manage computers again"), count=rows.count(), label=_("Manage again"),
        lines=[_("A computer whose agent is gone already needs the installer once more.")],
    )  # fmt: skip
    return _manage(request, dialog, rows, is_managed=True)


def _manage(request: HttpRequest, dialog: Confirm, rows: QuerySet[Device], *, is_managed: bool) -> HttpResponse:
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        act = devices_manage(
            actor=actor_from_request(request), user=viewer(request), device_ids=_ids(rows), is_managed=is_managed,
            now=clock_now(),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    count = act.count if act else 0
    if is_managed:
        text = ngettext("%(n)s computer is managed again.", "%(n)s computers are managed again.", count)
    else:
        text = ngettext("%(n)s computer is no longer managed.", "%(n)s computers are no longer managed.", count)
    return done(request, text % {"n": count}, url=reverse("console:computers"))


@require_POST
def devices_undo(request: HttpRequest, act: UUID) -> HttpResponse:
    """Take an own act on computers back."""
    count = act_undo(actor=actor_from_request(request), user=viewer(request), uid=act, now=clock_now())
    text = ngettext("%(n)s computer is as before.", "%(n)s computers are as before.", count)
    return done(request, text % {"n": count})


def _chosen(request: HttpRequest) -> QuerySet[Device]:
    """The posted selection, as far as the person may change it."""
    return DeviceTable(request, devices_visible(viewer(request), level=AccessLevel.WRITE)).selected()


def _one(request: HttpRequest, uid: UUID) -> QuerySet[Device]:
    found = device_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    return devices_visible(viewer(request), level=AccessLevel.WRITE).filter(pk=found.pk)


def _ids(devices: QuerySet[Device]) -> list[int]:
    return list(devices.values_list("pk", flat=True))
