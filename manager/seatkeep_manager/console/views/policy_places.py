"""Where policies count: assignments, the order on a group, and what a policy would make of a computer."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.effective import preview_rows
from seatkeep_manager.console.forms import AssignForm, DevicePolicyForm
from seatkeep_manager.console.people import viewer
from seatkeep_manager.customers.across import search_devices
from seatkeep_manager.customers.policy_places import assignment_visible, group_levels
from seatkeep_manager.directory.access import may_at
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.directory.selectors import device_get, group_get, groups_visible
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.policies.ordering import assignment_move, assignments_order
from seatkeep_manager.policies.selectors import policies_visible, policy_get
from seatkeep_manager.policies.services import policy_assign_group, policy_unassign


@require_http_methods(["GET", "POST"])
def policy_assign(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a policy on a group."""
    user = viewer(request)
    found = policy_get(user, uid=uid, level=AccessLevel.USE)
    groups = groups_visible(user, functionality=Functionality.POLICIES, level=AccessLevel.USE).order_by("path")
    form = AssignForm(request.POST or None, groups=groups)
    title = _("Assign %(name)s") % {"name": found.name}
    dialog = FormDialog(request, form, title=title, label=_("Assign"))
    if not dialog.is_valid:
        return dialog.response()
    group = form.cleaned_data["group"]
    try:
        policy_assign_group(actor=actor_from_request(request), policy_id=found.pk, group_id=group.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Assigned; computers obey within seconds."), url=reverse("console:policy", args=[uid]))


@require_http_methods(["GET", "POST"])
def policy_unassign_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a policy off its target."""
    found = _assignment(request, uid)
    dialog = Confirm(
        request,
        title=_("Take %(policy)s off %(target)s") % {"policy": found.policy.name, "target": found.target},
        label=_("Take off"),
        lines=[_("Its settings fall back to what they were before, within seconds.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    policy_unassign(actor=actor_from_request(request), assignment_id=found.pk, now=clock_now())
    return done(request, _("Taken off."))


@require_POST
def policy_move(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Move a policy one place up or down on its group."""
    found = _assignment(request, uid)
    steps = -1 if request.POST.get("to") == "up" else 1
    assignment_move(actor=actor_from_request(request), assignment_id=found.pk, steps=steps, now=clock_now())
    return _levels(request, found.group) if found.group else redirect("console:policy", found.policy.uid)


@require_safe
def group_policies(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The policies of a group and of all above it, in the order in which they merge."""
    return render(request, "console/group_policies.html", _group_context(request, _group(request, uid)))


@require_POST
def group_policies_order(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put the policies of a group in the order in which they were dragged."""
    group = group_get(viewer(request), uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    try:
        wanted = [UUID(text) for text in request.POST.getlist("assignment")]
        assignments_order(actor=actor_from_request(request), target=group, wanted=wanted, now=clock_now())
    except ValueError as error:
        raise NotFoundError from error
    return _levels(request, group)


@require_http_methods(["GET", "POST"])
def group_policy_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a policy on this group, last in order."""
    user = viewer(request)
    group = group_get(user, uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    here = PolicyAssignment.objects.filter(group=group).values("policy")
    form = DevicePolicyForm(
        request.POST or None, policies=policies_visible(user, level=AccessLevel.USE).exclude(pk__in=here)
    )
    dialog = FormDialog(request, form, title=_("Add a policy to %(name)s") % {"name": group.name}, label=_("Add"))
    if not dialog.is_valid:
        return dialog.response()
    policy = form.cleaned_data["policy"]
    try:
        policy_assign_group(actor=actor_from_request(request), policy_id=policy.pk, group_id=group.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    url = reverse("console:group-policies", args=[uid])
    return done(request, _("Added; computers obey within seconds."), url=url)


@require_safe
def policy_preview(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What a policy, or a version of it, would make of one computer."""
    user = viewer(request)
    found = policy_get(user, uid=uid)
    version = _number(request.GET.get("version", ""))
    text = request.GET.get("q", "").strip()[:100]
    context: dict[str, object] = {
        "policy": found,
        "version": version,
        "text": text,
        "matches": search_devices(user, text) if text else [],
    }
    if device_uid := request.GET.get("device", ""):
        device = device_get(user, uid=_uid(device_uid))
        context |= {"device": device, "rows": preview_rows(device, found, version)}
    return render(request, "console/policy_preview.html", context)


def _levels(request: HttpRequest, group: StaticGroup) -> HttpResponse:
    return render(request, "console/parts/group_levels.html", _group_context(request, group))


def _group_context(request: HttpRequest, group: StaticGroup) -> dict[str, object]:
    user = viewer(request)
    can_change = may_at(user, group, Functionality.POLICIES, AccessLevel.USE)
    return {"group": group, "levels": group_levels(group), "can_change": can_change}


def _group(request: HttpRequest, uid: UUID) -> StaticGroup:
    return group_get(viewer(request), uid=uid, functionality=Functionality.POLICIES)


def _assignment(request: HttpRequest, uid: UUID) -> PolicyAssignment:
    found = assignment_visible(viewer(request), uid=uid)
    if found is None:
        raise NotFoundError
    return found


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError from error


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
