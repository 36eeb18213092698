"""What stands beside tasks: the list of software, and the rules that the console follows each day."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotAllowedError

from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.tables.task_lists import RuleReadTable, RuleTable, SoftwareReadTable, SoftwareTable
from seatkeep_manager.console.task_list_forms import RuleForm, SoftwareForm
from seatkeep_manager.directory.access import may, may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.tasks.enums import ServerTaskKind
from seatkeep_manager.tasks.server_tasks import (
    EXAMPLES,
    changes,
    server_task_create,
    server_task_get,
    server_task_remove,
    server_task_run,
    server_tasks_visible,
)
from seatkeep_manager.tasks.software import package_add, package_get, package_remove, packages_listed


@require_safe
def software(request: HttpRequest) -> HttpResponseBase:
    """What tasks may install."""
    if not may(viewer(request), Functionality.CLIENT_TASKS, AccessLevel.READ):
        raise NotAllowedError
    can_list = _can_list(request)
    table = (SoftwareTable if can_list else SoftwareReadTable)(request, packages_listed())
    return table.response("console/software.html", {"can_list": can_list})


@require_http_methods(["GET", "POST"])
def software_new(request: HttpRequest) -> HttpResponse:
    """Take a package on the list."""
    _listing_check(request)
    form = SoftwareForm(request.POST or None)
    dialog = FormDialog(request, form, title=_("Add software"), label=_("Add"))
    if not dialog.is_valid:
        return dialog.response()
    try:
        package_add(actor=actor_from_request(request), now=clock_now(), **form.cleaned_data)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Added."), url=reverse("console:software"))


@require_http_methods(["GET", "POST"])
def software_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a package off the list."""
    _listing_check(request)
    found = package_get(uid)
    dialog = Confirm(
        request, title=_("Take %(name)s off the list") % {"name": found}, label=_("Take off"), is_danger=True,
        lines=[_("No new task installs it. What was ordered already is still done; installed copies stay.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    package_remove(actor=actor_from_request(request), package=found, now=clock_now())
    return done(request, _("Taken off the list."), url=reverse("console:software"))


@require_safe
def rules(request: HttpRequest) -> HttpResponseBase:
    """The rules and what their last runs did."""
    user = viewer(request)
    table = RuleTable if may(user, Functionality.SERVER_TASKS, AccessLevel.WRITE) else RuleReadTable
    return table(request, server_tasks_visible(user)).response("console/rules.html")


@require_http_methods(["GET", "POST"])
def rule_new(request: HttpRequest) -> HttpResponse:
    """Let the console follow a rule; it says first whom that reaches now."""
    form = RuleForm(request.POST or None, user=viewer(request), now=clock_now())
    dialog = FormDialog(request, form, title=_("New daily rule"), label=_("Follow it"))
    if not dialog.is_valid:
        return dialog.response()
    server_task_create(actor=actor_from_request(request), now=clock_now(), **form.order())
    return done(request, _("The rule is followed within the hour, then each day."), url=reverse("console:rules"))


@require_http_methods(["GET", "POST"])
def rule_run(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Follow a rule now, after saying what that changes."""
    found = server_task_get(viewer(request), uid=uid, level=AccessLevel.USE)
    now = clock_now()
    would = changes(found.kind, found.params, found.group, now=now)
    lines = [f"{one.device.name} → {one.name}" if one.name else one.device.name for one in would[:EXAMPLES]]
    if len(would) > EXAMPLES:
        more = len(would) - EXAMPLES
        lines.append(ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more})
    dialog = Confirm(
        request, title=_("Follow this rule now"), label=_("Do it"), count=len(would), lines=lines,
        is_danger=found.kind == ServerTaskKind.RETIRE_SILENT,
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    server_task_run(actor=actor_from_request(request), task=found, now=now, is_confirmed=True)
    return done(request, _("Done."), url=reverse("console:rules"))


@require_http_methods(["GET", "POST"])
def rule_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Follow a rule no more."""
    found = server_task_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request, title=_("Remove this rule"), label=_("Remove"), is_danger=True,
        lines=[_("What it has changed stays as it is.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    server_task_remove(actor=actor_from_request(request), task=found, now=clock_now())
    return done(request, _("The rule is removed."), url=reverse("console:rules"))


def _can_list(request: HttpRequest) -> bool:
    return may_everywhere(viewer(request), Functionality.COMMANDS, AccessLevel.WRITE)


def _listing_check(request: HttpRequest) -> None:
    if not _can_list(request):
        raise NotAllowedError
