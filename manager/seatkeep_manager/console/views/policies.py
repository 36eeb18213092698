"""Policies: the list, one policy, the editor, assignments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotFoundError

from seatkeep_manager.console.forms import AssignForm
from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.console.policy_form import PolicyForm
from seatkeep_manager.console.tables.customers import PolicyTable
from seatkeep_manager.customers.across import assignment_visible, policies_with_targets
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.selectors import policies_visible, policy_device_count, policy_get
from seatkeep_manager.policies.services import (
    policy_assign_group,
    policy_create,
    policy_delete,
    policy_unassign,
    policy_update,
)


@require_safe
def policies(request: HttpRequest) -> HttpResponseBase:
    """Policies a person may see."""
    return PolicyTable(request, policies_with_targets(viewer(request))).response("console/policies.html")


@require_safe
def policy(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One policy: its settings and where it counts."""
    user = viewer(request)
    found = policy_get(user, uid=uid)
    context = {
        "policy": found,
        "form": PolicyForm(product=found.product, stored=found.settings, initial={"name": found.name}),
        "assignments": list(found.assignments.select_related("group", "device").order_by("position")),
        "device_count": policy_device_count(found),
        "can_change": policies_visible(user, level=AccessLevel.WRITE).filter(pk=found.pk).exists(),
    }
    return detail_response(request, "console/policy.html", context)


@require_http_methods(["GET", "POST"])
def policy_new(request: HttpRequest) -> HttpResponse:
    """Make a policy."""
    product = _product(request.GET.get("product", "endpoint"))
    form = PolicyForm(request.POST or None, product=product)
    owners = _owners(request)
    if request.method == "POST" and form.is_valid():
        owner = _owner(request, owners)
        made = _saved(form, lambda: policy_create(
            actor=actor_from_request(request), name=form.cleaned_data["name"], product=product,
            settings=form.settings(), company_hub_id=owner, now=clock_now(),
        ))  # fmt: skip
        if made:
            return redirect("console:policy", made.uid)
    return _editor(request, form, {"product": product, "owners": owners})


@require_http_methods(["GET", "POST"])
def policy_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a policy; computers obey within seconds."""
    found = policy_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    form = PolicyForm(request.POST or None, product=found.product, stored=found.settings, initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        made = _saved(form, lambda: policy_update(
            actor=actor_from_request(request), policy_id=found.pk, now=clock_now(),
            name=form.cleaned_data["name"], settings=form.settings(),
        ))  # fmt: skip
        if made:
            return redirect("console:policy", found.uid)
    return _editor(
        request, form, {"policy": found, "product": found.product, "device_count": policy_device_count(found)}
    )


def _saved(form: PolicyForm, save: Any) -> Policy | None:
    """Save; a "no" goes to the setting that is to blame."""
    try:
        made: Policy = save()
    except AppError as error:
        form.take_faults(error.fields or {"": [error.detail]})
        return None
    return made


def _editor(request: HttpRequest, form: PolicyForm, context: dict[str, Any]) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "console/policy_edit.html", {"form": form, **context}, status=status)


def _product(text: str) -> PolicyProduct:
    try:
        return PolicyProduct(text)
    except ValueError as error:
        raise NotFoundError from error


def _owners(request: HttpRequest) -> list[tuple[str, str]]:
    """For whom the person may make a policy: everybody (administrators), or one customer."""
    mine = customers_visible(viewer(request), level=AccessLevel.WRITE)
    owners = [(str(found.hub_id), found.name) for found in mine]
    return [("", _("All customers")), *owners] if viewer_is_admin(request) else owners


def _owner(request: HttpRequest, owners: list[tuple[str, str]]) -> UUID | None:
    """The chosen owner, which must be one that was offered."""
    chosen = request.POST.get("owner", "")
    if chosen not in {value for value, _label in owners}:
        raise NotFoundError
    return UUID(chosen) if chosen else None


@require_http_methods(["GET", "POST"])
def policy_assign(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Put a policy on a group."""
    user = viewer(request)
    found = policy_get(user, uid=uid)
    groups = groups_visible(user, level=AccessLevel.WRITE).order_by("path")
    form = AssignForm(request.POST or None, groups=groups)
    title = _("Assign %(name)s") % {"name": found.name}
    dialog = FormDialog(request, form, title=title, label=_("Assign"))
    if not dialog.is_valid:
        return dialog.response()
    group = form.cleaned_data["group"]
    policy_assign_group(actor=actor_from_request(request), policy_id=found.pk, group_id=group.pk, now=clock_now())
    return done(request, _("Assigned; computers obey within seconds."), url=reverse("console:policy", args=[uid]))


@require_http_methods(["GET", "POST"])
def policy_unassign_view(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take a policy off its target."""
    found = assignment_visible(viewer(request), uid=uid)
    if found is None:
        raise NotFoundError
    target = found.group or found.device
    dialog = Confirm(
        request,
        title=_("Take %(policy)s off %(target)s") % {"policy": found.policy.name, "target": target},
        label=_("Take off"),
        lines=[_("Its settings fall back to what they were before, within seconds.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    policy_unassign(actor=actor_from_request(request), assignment_id=found.pk, now=clock_now())
    return done(request, _("Taken off."), url=reverse("console:policy", args=[found.policy.uid]))


@require_http_methods(["GET", "POST"])
def policy_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a policy."""
    found = policy_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Delete %(name)s") % {"name": found.name},
        count=policy_device_count(found) or None,  # Zero would mean that there is nothing to do.
        label=_("Delete"),
        is_danger=True,
        lines=[_("It is taken off everywhere first; settings fall back within seconds.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    policy_delete(actor=actor_from_request(request), policy_id=found.pk, now=clock_now())
    return done(request, _("Deleted."), url=reverse("console:policies"))
