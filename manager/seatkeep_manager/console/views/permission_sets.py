"""Permission sets: the locked roles, and what was put together here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, add_error, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.roles import ROLES

from seatkeep_manager.console.people import admin, viewer
from seatkeep_manager.console.people_forms import SetForm
from seatkeep_manager.console.views.users import looker
from seatkeep_manager.directory.access import may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import PermissionSet
from seatkeep_manager.directory.rights import ROLE_LEVELS, USES, Levels, set_levels
from seatkeep_manager.rights.granting import set_create, set_delete, set_update
from seatkeep_manager.rights.selectors import set_get, sets_visible


@require_safe
def permission_sets(request: HttpRequest) -> HttpResponse:
    """Roles and own sets side by side: what each permits."""
    user = looker(request)
    sets = list(sets_visible(user))
    levels: list[Levels] = [*ROLE_LEVELS.values(), *(set_levels(one.levels) for one in sets)]
    rows = [(about, USES.get(about), [one.get(about, AccessLevel.NONE) for one in levels]) for about in Functionality]
    context = {
        "roles": [(role, ROLES[role].summary) for role in ROLE_LEVELS],
        "sets": sets,
        "rows": rows,
        "can_make": may_everywhere(user, Functionality.USERS),
    }
    return render(request, "console/permission_sets.html", context)


@require_http_methods(["GET", "POST"])
def permission_set_new(request: HttpRequest) -> HttpResponse:
    """Put permissions together."""
    return _edit(request, None)


@require_http_methods(["GET", "POST"])
def permission_set_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a set."""
    return _edit(request, set_get(viewer(request), uid=uid))


@require_http_methods(["GET", "POST"])
def permission_set_delete(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a set that nobody holds."""
    found = set_get(viewer(request), uid=uid)
    user = admin(request, Functionality.USERS)
    dialog = Confirm(
        request, title=_("Delete the set %(name)s") % {"name": found.name}, label=_("Delete"), is_danger=True,
        lines=[_("Only a set that nobody holds can be deleted.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        set_delete(actor=actor_from_request(request), user=user, permission_set=found, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Deleted."), url=reverse("console:permission-sets"))


def _edit(request: HttpRequest, found: PermissionSet | None) -> HttpResponse:
    user = admin(request, Functionality.USERS)
    initial = {"name": found.name, "note": found.note, **found.levels} if found else None
    form = SetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = {
            "actor": actor_from_request(request), "user": user, "name": form.cleaned_data["name"],
            "note": form.cleaned_data["note"], "levels": form.levels(), "now": clock_now(),
        }  # fmt: skip
        try:
            set_update(permission_set=found, **values) if found else set_create(**values)
        except AppError as error:
            add_error(form, error)
        else:
            return done(request, _("Saved; it holds from the next click."), url=reverse("console:permission-sets"))
    rows = [(form[about.value], USES.get(about)) for about in Functionality]
    context = {"form": form, "found": found, "rows": rows, "levels": [one[1] for one in reversed(AccessLevel.choices)]}
    return render(request, "console/permission_set.html", context, status=422 if form.errors else 200)
