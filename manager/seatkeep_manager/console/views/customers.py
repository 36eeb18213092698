"""Managed Customers: the list, one customer, its set-up, marks and tags."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, add_error, done
from seatkeep_webkit.errors import AppError

from seatkeep_manager.console.customer_forms import SetUpForm, TagsForm, plan_initial
from seatkeep_manager.console.people import viewer, viewer_is_admin
from seatkeep_manager.console.tables.customers import CustomerTable
from seatkeep_manager.console.views.offboarding import offboard_context
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.policy_places import policies_for
from seatkeep_manager.customers.selectors import (
    customer_get,
    customer_tags_own,
    customers_new,
    customers_overview,
    offboard_latest,
    template_list,
)
from seatkeep_manager.customers.services import customer_set_up, customer_tag, customers_mark_ready
from seatkeep_manager.customers.templates import template_default
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.enrollment.selectors import tokens_visible
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.selectors import node_list, product_names


@require_safe
def customers(request: HttpRequest) -> HttpResponseBase:
    """One row per customer."""
    user = viewer(request)
    table = CustomerTable(request, customers_overview(user))
    context = {"new_count": customers_new(user).count(), "is_admin": viewer_is_admin(request)}
    return table.response("console/customers.html", context)


@require_safe
def customer(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One customer: state, seats, keys, leave."""
    user = viewer(request)
    found = customers_overview(user).filter(pk=customer_get(user, uid=uid).pk).get()
    job = offboard_latest(found)
    context = {
        "customer": found,
        "nodes": _seats(found),
        "own_tags": customer_tags_own(found),
        "tokens": list(tokens_visible(user).filter(company_hub_id=found.hub_id, revoked_at__isnull=True)[:5]),
        "licensing_url": settings.LICENSING_URL,
        **(offboard_context(job) if job else {}),
    }
    return detail_response(request, "console/customer.html", context)


def _seats(found: MirroredCompany) -> list[dict[str, Any]]:
    """The customer's seats with the names of their products."""
    names = product_names()
    nodes = node_list(company_hub_ids=[found.hub_id])
    return [{"node": node, "product": names.get(node.product, node.product)} for node in nodes]


@require_http_methods(["GET", "POST"])
def customer_setup(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The set-up of one customer on one page; `?template=` begins with what another template says."""
    user = viewer(request)
    found = customer_get(user, uid=uid, level=AccessLevel.WRITE)
    template = _template_asked(request)
    policies = policies_for(user, found).order_by("name")
    form = SetUpForm(request.POST or None, policies=policies, initial=plan_initial(template))
    if request.method == "POST" and form.is_valid() and (answer := _set_up(request, found.uid, form)):
        return answer
    status = 422 if request.method == "POST" else 200
    context = {"customer": found, "form": form, "licensing_url": settings.LICENSING_URL}
    return render(request, "console/customer_setup.html", context, status=status)


def _template_asked(request: HttpRequest) -> CustomerTemplate:
    standard = template_default(now=clock_now())
    asked = request.GET.get("template", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 19
    return (template_list().filter(pk=int(asked)).first() if is_number else None) or standard


def _set_up(request: HttpRequest, uid: UUID, form: SetUpForm) -> HttpResponse | None:
    """Set the customer up; a "no" goes to the form."""
    given = form.cleaned_data
    try:
        plan = plan_of(
            given["template"], groups=given["groups"], policy_ids=[policy.pk for policy in given["policies"]],
            tags=given["tags"], makes_key=given["makes_key"],
        )  # fmt: skip
        result = customer_set_up(
            actor=actor_from_request(request), user=viewer(request), company_uid=uid, plan=plan, now=clock_now()
        )
    except AppError as error:
        add_error(form, error)
        return None
    if result.token:
        return redirect("console:installer", result.token.uid)
    return redirect("console:customer", uid)


@require_http_methods(["GET", "POST"])
def customer_tags(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The tags that this console gives a customer."""
    user = viewer(request)
    found = customer_get(user, uid=uid, level=AccessLevel.WRITE)
    form = TagsForm(request.POST or None, initial={"tags": customer_tags_own(found)})
    dialog = FormDialog(request, form, title=_("Tags of %(name)s") % {"name": found.name}, label=_("Save"))
    if not dialog.is_valid:
        return dialog.response()
    try:
        customer_tag(
            actor=actor_from_request(request), user=user, company_uid=uid, tags=form.cleaned_data["tags"],
            now=clock_now(),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Saved."), url=reverse("console:customer", args=[uid]))


@require_http_methods(["GET", "POST"])
def customers_ready(request: HttpRequest) -> HttpResponse:
    """Mark the chosen customers, or with `?all=1` all new ones, as ready."""
    user = viewer(request)
    if request.GET.get("all"):
        rows = customers_new(user)
    else:
        rows = CustomerTable(request, customers_overview(user)).selected()
    dialog = Confirm(
        request,
        title=_("Mark as ready"),
        count=rows.count(),
        label=_("Mark as ready"),
        lines=[_("Nothing is made for them: no groups, no key. They can still be set up later.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    uids = list(rows.values_list("uid", flat=True))
    count = customers_mark_ready(actor=actor_from_request(request), user=user, company_uids=uids, now=clock_now())
    text = ngettext("%(n)s customer is ready.", "%(n)s customers are ready.", count) % {"n": count}
    return done(request, text, url=reverse("console:customers"))


@require_http_methods(["GET", "POST"])
def customer_ready(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Mark one customer as ready."""
    found = customer_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(request, title=_("Mark %(name)s as ready") % {"name": found.name}, label=_("Mark as ready"),
                     lines=[_("Nothing is made for it: no groups, no key. It can still be set up later.")])  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    customers_mark_ready(actor=actor_from_request(request), user=viewer(request), company_uids=[uid], now=clock_now())
    return done(request, _("Ready."), url=reverse("console:customer", args=[uid]))
