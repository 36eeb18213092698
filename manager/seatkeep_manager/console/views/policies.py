"""Policies: the list, one policy, the editor, copies, the bin."""

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

from seatkeep_manager.console.forms import DuplicateForm
from seatkeep_manager.console.owners import owner_chosen, owners_offered
from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.policy_form import PolicyForm
from seatkeep_manager.console.policy_pages import TABS, tab_context, tab_items
from seatkeep_manager.console.tables.policies import BinTable, PolicyTable, owner_names
from seatkeep_manager.customers.policy_places import policies_with_targets, policy_template_names
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.policies.counting import policies_device_counts
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.rolling import rollout_start
from seatkeep_manager.policies.selectors import (
    policies_deleted,
    policies_visible,
    policy_get,
    rollout_under_way,
)
from seatkeep_manager.policies.services import (
    policy_create,
    policy_delete,
    policy_duplicate,
    policy_restore,
    policy_update,
)


@require_safe
def policies(request: HttpRequest) -> HttpResponseBase:
    """Policies a person may see."""
    can_make = bool(owners_offered(request, Functionality.POLICIES))
    return PolicyTable(request, policies_with_targets(viewer(request))).response(
        "console/policies.html", {"can_make": can_make}
    )


@require_safe
def policies_bin(request: HttpRequest) -> HttpResponseBase:
    """Deleted policies that a person may bring back."""
    return BinTable(request, policies_deleted(viewer(request))).response("console/policies_bin.html")


@require_safe
def policy(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One policy: its settings, where it counts, its versions, its roll-out."""
    user = viewer(request)
    found = policy_get(user, uid=uid)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    context = {
        "policy": found,
        "owner": owner_names([found]).get(found.company_hub_id, ""),
        "device_count": policies_device_counts(user, [found])[found.pk],
        "can_change": _can_change(request, found),
        "can_make": bool(owners_offered(request, Functionality.POLICIES)),
        "can_assign": may(user, Functionality.POLICIES, AccessLevel.USE),
        "under_way": rollout_under_way(found),
        "tab": tab,
        "tabs": tab_items(found, tab),
        **tab_context(user, found, tab),
    }
    return detail_response(request, "console/policy.html", context)


@require_http_methods(["GET", "POST"])
def policy_new(request: HttpRequest) -> HttpResponse:
    """Make a policy."""
    product = _product(request.GET.get("product", "endpoint"))
    form = PolicyForm(request.POST or None, product=product)
    owners = owners_offered(request, Functionality.POLICIES)
    if request.method == "POST" and form.is_valid():
        owner = owner_chosen(request, owners)
        made = _saved(form, lambda: policy_create(
            actor=actor_from_request(request), name=form.cleaned_data["name"], product=product,
            settings=form.settings(), company_hub_id=owner, now=clock_now(),
            description=form.cleaned_data["description"], note=form.cleaned_data["note"],
        ))  # fmt: skip
        if made:
            return redirect("console:policy", made.uid)
    return _editor(request, form, {"product": product, "owners": owners})


@require_http_methods(["GET", "POST"])
def policy_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a policy; computers obey within seconds, or stage by stage."""
    user = viewer(request)
    found = policy_get(user, uid=uid, level=AccessLevel.WRITE)
    if found.is_locked or rollout_under_way(found):
        return redirect("console:policy", found.uid)
    initial = {"name": found.name, "description": found.description}
    form = PolicyForm(request.POST or None, product=found.product, stored=found.settings, initial=initial)
    if request.method == "POST" and form.is_valid() and _saved(form, lambda: _change(request, found, form)):
        tab = "?tab=rollout" if form.is_staged else ""
        return redirect(reverse("console:policy", args=[found.uid]) + tab)
    count = policies_device_counts(user, [found])[found.pk]
    return _editor(request, form, {"policy": found, "product": found.product, "device_count": count})


def _change(request: HttpRequest, found: Policy, form: PolicyForm) -> Policy:
    """Save name and purpose, and the settings at once or in stages."""
    actor, now = actor_from_request(request), clock_now()
    described = {"name": form.cleaned_data["name"], "description": form.cleaned_data["description"]}
    note = form.cleaned_data["note"]
    if not form.is_staged:
        settings = form.settings()
        return policy_update(actor=actor, policy_id=found.pk, now=now, settings=settings, note=note, **described)
    plan = form.plan()
    rollout = rollout_start(actor=actor, policy_id=found.pk, settings=form.settings(), plan=plan, now=now, note=note)
    return rollout.policy


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


def _can_change(request: HttpRequest, found: Policy) -> bool:
    return policies_visible(viewer(request), level=AccessLevel.WRITE).filter(pk=found.pk).exists()


@require_http_methods(["GET", "POST"])
def policy_copy(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Copy a policy, which is how one changes a built-in one."""
    found = policy_get(viewer(request), uid=uid)
    owners = owners_offered(request, Functionality.POLICIES)
    name = _("Copy of %(name)s") % {"name": found.name}
    form = DuplicateForm(request.POST or None, owners=owners, initial={"name": name[:200]})
    dialog = FormDialog(request, form, title=_("Duplicate %(name)s") % {"name": found.name}, label=_("Duplicate"))
    if not dialog.is_valid:
        return dialog.response()
    try:
        made = policy_duplicate(
            actor=actor_from_request(request),
            policy_id=found.pk,
            name=form.cleaned_data["name"],
            company_hub_id=owner_chosen(request, owners),
            now=clock_now(),
        )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Duplicated."), url=reverse("console:policy-edit", args=[made.uid]))


@require_http_methods(["GET", "POST"])
def policy_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a policy."""
    user = viewer(request)
    found = policy_get(user, uid=uid, level=AccessLevel.WRITE)
    templates = policy_template_names(found)
    lines = [_("It is taken off everywhere first; settings fall back within seconds.")]
    if templates:
        names = ", ".join(templates)
        lines.append(_("New customers no longer get it from the templates %(names)s.") % {"names": names})
    lines.append(_("It can be brought back from Deleted policies, to where it is assigned now."))
    dialog = Confirm(
        request,
        title=_("Delete %(name)s") % {"name": found.name},
        count=policies_device_counts(user, [found])[found.pk] or None,  # Zero would mean that there is nothing to do.
        label=_("Delete"),
        is_danger=True,
        lines=lines,
    )
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        policy_delete(actor=actor_from_request(request), policy_id=found.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Deleted. It waits in Deleted policies."), url=reverse("console:policies"))


@require_http_methods(["GET", "POST"])
def policy_back(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Bring a deleted policy back."""
    found = policies_deleted(viewer(request)).filter(uid=uid).first()
    if found is None:
        raise NotFoundError
    targets = len(found.former_targets)
    dialog = Confirm(
        request,
        title=_("Bring %(name)s back") % {"name": found.name},
        label=_("Bring back"),
        lines=[_("It is assigned again where it was (%(n)d), last in order.") % {"n": targets}] if targets else [],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        policy_restore(actor=actor_from_request(request), policy_id=found.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("It is back."), url=reverse("console:policy", args=[found.uid]))
