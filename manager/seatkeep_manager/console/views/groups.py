"""Groups: make, rename, move, delete, and the dynamic ones with their order and policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.forms import DevicePolicyForm
from seatkeep_manager.console.group_forms import DynamicGroupForm, MoveForm, NameForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.group_services import group_create, group_delete, group_move, group_rename
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.directory.selectors import group_get, groups_visible
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.grouping.selectors import dynamic_group_get, templates_visible
from seatkeep_manager.grouping.services import (
    dynamic_group_create,
    dynamic_group_delete,
    dynamic_group_shift,
    dynamic_group_update,
)
from seatkeep_manager.policies.selectors import policies_visible
from seatkeep_manager.policies.services import policy_assign_dynamic


@require_http_methods(["GET", "POST"])
def group_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make a static group below another one."""
    parent = _static(request, uid)
    dialog = FormDialog(
        request, NameForm(request.POST or None), label=_("Make"),
        title=_("New group below %(name)s") % {"name": parent.name},
        lines=[_("A static group holds the computers that you put into it.")],
    )  # fmt: skip
    return _act(dialog, _("The group is made."), lambda form, who: group_create(parent_id=parent.pk, **form, **who))


@require_http_methods(["GET", "POST"])
def group_name(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Rename a static group."""
    found = _static(request, uid)
    form = NameForm(request.POST or None, initial={"name": found.name})
    dialog = FormDialog(request, form, title=_("Rename %(name)s") % {"name": found.name}, label=_("Rename"))
    return _act(dialog, _("Renamed."), lambda form, who: group_rename(group_id=found.pk, **form, **who))


@require_http_methods(["GET", "POST"])
def group_place(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a static group, with all below it, under another one."""
    found = _static(request, uid)
    groups = groups_visible(viewer(request), level=AccessLevel.WRITE).exclude(path__contains=[found.pk])
    form = MoveForm(request.POST or None, groups=groups.order_by("path"), initial={"parent": found.parent_id})
    dialog = FormDialog(
        request, form, title=_("Move %(name)s") % {"name": found.name}, label=_("Move"),
        lines=[_("Its computers move along; the policies of the new place count within seconds.")],
    )  # fmt: skip
    return _act(
        dialog, _("Moved."),
        lambda form, who: group_move(group_id=found.pk, parent_id=form["parent"].pk, **who),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def group_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete an empty static group."""
    found = _static(request, uid)
    dialog = Confirm(
        request, title=_("Delete %(name)s") % {"name": found.name}, label=_("Delete"), is_danger=True,
        lines=[_("Only an empty group can be deleted. Its dynamic groups and its policies' places go with it.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    above = found.parent
    try:
        group_delete(actor=actor_from_request(request), group_id=found.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Deleted."), url=_computers(group=above) if above else reverse("console:computers"))


@require_http_methods(["GET", "POST"])
def dynamic_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make a dynamic group below a static one, or below the dynamic one in `?parent=`."""
    anchor = _static(request, uid)
    parent = _dynamic(request, UUID(request.GET["parent"])) if request.GET.get("parent") else None
    form = DynamicGroupForm(request.POST or None, templates=_templates(request, anchor))
    dialog = FormDialog(
        request, form, label=_("Make"),
        title=_("New dynamic group below %(name)s") % {"name": parent or anchor},
        lines=[_("Computers join and leave by themselves, as the template says; each decides it for itself.")],
    )  # fmt: skip
    return _act(
        dialog, _("The group is made; computers join within a minute."),
        lambda form, who: dynamic_group_create(
            name=form["name"], template_id=form["template"].pk, anchor_id=anchor.pk,
            parent_id=parent.pk if parent else None, **who,
        ),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def dynamic_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Rename a dynamic group or give it another template."""
    found = _dynamic(request, uid)
    form = DynamicGroupForm(
        request.POST or None, templates=_templates(request, found.anchor),
        initial={"name": found.name, "template": found.template_id},
    )  # fmt: skip
    dialog = FormDialog(request, form, title=_("Change %(name)s") % {"name": found.name}, label=_("Save"))
    return _act(
        dialog, _("Saved."),
        lambda form, who: dynamic_group_update(
            group_id=found.pk, name=form["name"], template_id=form["template"].pk, **who
        ),
    )  # fmt: skip


@require_POST
def dynamic_order(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Move a dynamic group up (`steps=-1`) or down among those of its place."""
    found = _dynamic(request, uid)
    steps = -1 if request.POST.get("steps") == "-1" else 1
    dynamic_group_shift(actor=actor_from_request(request), group_id=found.pk, steps=steps, now=clock_now())
    return done(request, _("Moved; the policies of a later group win."), url=_computers(dynamic=found))


@require_http_methods(["GET", "POST"])
def dynamic_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a dynamic group with those below it."""
    found = _dynamic(request, uid)
    dialog = Confirm(
        request, title=_("Delete %(name)s") % {"name": found.name}, label=_("Delete"), is_danger=True,
        lines=[
            _("The groups below it go too. No computer is touched; policies on these groups stop counting."),
        ],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    dynamic_group_delete(actor=actor_from_request(request), group_id=found.pk, now=clock_now())
    return done(request, _("Deleted."), url=_computers(group=found.anchor))


@require_http_methods(["GET", "POST"])
def dynamic_policy(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a policy on a dynamic group."""
    found = dynamic_group_get(viewer(request), uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    mine = Q(company_hub_id__isnull=True) | Q(company_hub_id__in=_companies_above(found.anchor))
    form = DevicePolicyForm(
        request.POST or None, policies=policies_visible(viewer(request), level=AccessLevel.USE).filter(mine)
    )
    title = _("Assign a policy to %(name)s") % {"name": found.name}
    dialog = FormDialog(request, form, title=title, label=_("Assign"))
    return _act(
        dialog, _("Assigned; its computers obey within seconds."),
        lambda form, who: policy_assign_dynamic(policy_id=form["policy"].pk, group_id=found.pk, **who),
    )  # fmt: skip


def _act(dialog: FormDialog, said: str, act: Callable[[dict[str, Any], dict[str, Any]], object]) -> HttpResponse:
    """Show the form, or act and say so; a "no" goes back to the form."""
    if not dialog.is_valid:
        return dialog.response()
    try:
        act(dialog.form.cleaned_data, {"actor": actor_from_request(dialog.request), "now": clock_now()})
    except AppError as error:
        return dialog.refuse(error)
    return done(dialog.request, said)


def _static(request: HttpRequest, uid: UUID) -> StaticGroup:
    return group_get(viewer(request), uid=uid, level=AccessLevel.WRITE)


def _dynamic(request: HttpRequest, uid: UUID) -> DynamicGroup:
    return dynamic_group_get(viewer(request), uid=uid, level=AccessLevel.WRITE)


def _companies_above(anchor: StaticGroup) -> QuerySet[StaticGroup, UUID | None]:
    return StaticGroup.objects.filter(pk__in=anchor.path, hub_id__isnull=False).values_list("hub_id", flat=True)


def _templates(request: HttpRequest, anchor: StaticGroup) -> QuerySet[GroupTemplate]:
    """The templates that fit a place: everybody's and those of companies at or above it."""
    mine = Q(company_hub_id__isnull=True) | Q(company_hub_id__in=_companies_above(anchor))
    return templates_visible(viewer(request)).filter(mine)


def _computers(*, group: StaticGroup | None = None, dynamic: DynamicGroup | None = None) -> str:
    shown = {"dynamic": str(dynamic.uid)} if dynamic else {"group": str(group.uid)} if group else {}
    return f"{reverse('console:computers')}?{urlencode(shown)}"
