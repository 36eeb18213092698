"""Set-up of many customers: templates, the order, its progress and results, the export for an RMM."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.dialogs import Confirm, FormDialog, add_error, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.fresh import has_own_proof, is_freshly_signed_in
from seatkeep_webkit.tables.exports import csv_response, xlsx_response

from seatkeep_manager.console.customer_forms import RmmForm, SetUpManyForm, TemplateForm
from seatkeep_manager.console.people import admin, viewer
from seatkeep_manager.console.tables.customers import CustomerTable
from seatkeep_manager.console.tables.set_ups import RMM_COLUMNS, SetupItemTable, SetupTable, TemplateTable
from seatkeep_manager.customers.enums import SetupState
from seatkeep_manager.customers.models import CustomerTemplate, SetupJob
from seatkeep_manager.customers.plans import plan_of
from seatkeep_manager.customers.rmm import rmm_customers, rmm_lines, rmm_record
from seatkeep_manager.customers.selectors import (
    customers_overview,
    setup_get,
    setup_items,
    setups_visible,
    template_get,
    template_list,
)
from seatkeep_manager.customers.set_up_jobs import setup_cancel, setup_counts, setup_order, setup_retry
from seatkeep_manager.customers.templates import template_create, template_default, template_delete, template_update
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import User
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.selectors import policies_visible


@require_POST
def setup_new(request: HttpRequest) -> HttpResponse:
    """Order the set-up of the chosen customers with a template."""
    rows = CustomerTable(request, customers_overview(viewer(request))).selected()
    count = rows.count()
    form = SetUpManyForm(
        request,
        templates=template_list().prefetch_related("policies"),
        initial={"template": template_default(now=clock_now())},
    )
    title = ngettext("Set up %(n)s customer", "Set up %(n)s customers", count) % {"n": count}
    lines = [
        _("Each gets what it does not have yet; who has everything stays as it is. It can be left and found again.")
    ]
    dialog = FormDialog(request, form, title=title, label=_("Set up"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    try:
        job = setup_order(
            actor=actor_from_request(request), user=viewer(request), plan=plan_of(form.cleaned_data["template"]),
            company_uids=list(rows.values_list("uid", flat=True)), now=clock_now(),
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Ordered."), url=reverse("console:setup", args=[job.uid]))


@require_safe
def setups(request: HttpRequest) -> HttpResponseBase:
    """Orders, newest first."""
    return SetupTable(request, setups_visible(viewer(request))).response("console/setups.html")


@require_safe
def setup(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """One order: how far it is, and what came of each customer."""
    user = viewer(request)
    job = setup_get(user, uid=uid)
    table = SetupItemTable(request, setup_items(user, job))
    can_change = setups_visible(user, level=AccessLevel.WRITE).filter(pk=job.pk).exists()
    return table.response("console/setup.html", {**_progress(job), "can_change": can_change})


@require_safe
def setup_live(request: HttpRequest, uid: UUID) -> HttpResponse:
    """How far an order is, polled each second."""
    job = setup_get(viewer(request), uid=uid)
    response = render(request, "console/parts/setup_live.html", _progress(job))
    response["HX-Trigger"] = "items-changed"
    return response


def _progress(job: SetupJob) -> dict[str, object]:
    counts = setup_counts(job)
    total = sum(counts.values())
    return {
        "job": job, "counts": counts, "total": total, "done": total - counts["WAITING"],
        "is_running": job.state == SetupState.RUNNING,
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
def setup_again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Try those that failed again, or with `?all=1` everybody."""
    job = setup_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    is_all = request.GET.get("all") == "1"
    counts = setup_counts(job)
    count = sum(counts.values()) - counts["WAITING"] if is_all else counts["ERROR"]
    dialog = Confirm(
        request,
        title=_("Set all up again") if is_all else _("Try those that failed again"),
        label=_("Go"),
        count=count,
        lines=[_("Who has everything stays as it is.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    setup_retry(actor=actor_from_request(request), job_id=job.pk, is_all=is_all, now=clock_now())
    return done(request, _("Going on."), url=reverse("console:setup", args=[uid]))


@require_http_methods(["GET", "POST"])
def setup_stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Leave the rest as it is."""
    job = setup_get(viewer(request), uid=uid, level=AccessLevel.WRITE)
    dialog = Confirm(
        request,
        title=_("Stop this set-up"),
        label=_("Stop"),
        lines=[_("Customers that are done stay set up; the others stay as they are.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    setup_cancel(actor=actor_from_request(request), job_id=job.pk, now=clock_now())
    return done(request, _("Stopped."), url=reverse("console:setup", args=[uid]))


@require_safe
def rmm(request: HttpRequest) -> HttpResponse:
    """Say what the export holds and for how many; who did not sign in minutes ago does that first."""
    companies, address = _rmm_asked(request)
    if answer := _fresh_first(request):
        return answer
    count = companies.count()
    form = RmmForm(initial={"kind": "xlsx"})
    return render(request, "console/rmm.html", {"form": form, "count": count, "address": address})


@require_POST
def rmm_file(request: HttpRequest) -> HttpResponseBase:
    """The file: keys and commands of each customer; written down for each."""
    companies, address = _rmm_asked(request)
    if not is_freshly_signed_in(request):
        return redirect(f"{reverse('console:rmm')}?{address}")
    found = list(companies)
    rmm_record(actor=actor_from_request(request), companies=found, now=clock_now())
    make = csv_response if request.POST.get("kind") == "csv" else xlsx_response
    response = make("rmm", RMM_COLUMNS, rmm_lines(found))
    response["Cache-Control"] = "no-store"
    return response


def _rmm_asked(request: HttpRequest) -> tuple[QuerySet[MirroredCompany], str]:
    """The customers of one set-up (`?job=`), or those that the list shows (its own filters); and that address."""
    user = viewer(request)
    if job_uid := request.GET.get("job"):
        job = setup_get(user, uid=_uuid(job_uid))
        return rmm_customers(user, job=job), urlencode({"job": job_uid})
    shown = CustomerTable(request, customers_overview(user)).filtered
    return rmm_customers(user).filter(pk__in=shown.order_by().values("pk")), request.GET.urlencode()


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _fresh_first(request: HttpRequest) -> HttpResponse | None:
    """Ask for the password or second factor of this site, or for a new sign-in at Licensing."""
    if is_freshly_signed_in(request):
        return None
    back = request.get_full_path()
    if has_own_proof(request):
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}")
    query = urlencode({"process": "login", "next": back, "auth_params": "prompt=login"})
    url = f"{reverse('openid_connect_login', args=[settings.SIGN_IN_PROVIDER])}?{query}"
    return render(request, "console/sign_in_again.html", {"sign_in_url": url})


@require_safe
def templates(request: HttpRequest) -> HttpResponseBase:
    """Templates for customers to come."""
    admin(request)
    template_default(now=clock_now())
    return TemplateTable(request, template_list().prefetch_related("policies")).response("console/templates.html")


@require_http_methods(["GET", "POST"])
def template_new(request: HttpRequest) -> HttpResponse:
    """Make a template."""
    form = TemplateForm(request.POST or None, policies=_policies(admin(request)))
    if request.method == "POST" and form.is_valid():
        try:
            template_create(actor=actor_from_request(request), now=clock_now(), **form.values())
        except AppError as error:
            add_error(form, error)
        else:
            return redirect("console:templates")
    return _template_page(request, form, None)


@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change a template."""
    user, found = admin(request), template_get(uid)
    initial = {
        "name": found.name, "groups": found.groups, "makes_key": found.makes_key, "daily_cap": found.daily_cap,
        "policies": list(found.policies.all()), "tags": found.tags,
    }  # fmt: skip
    form = TemplateForm(request.POST or None, policies=_policies(user), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            template_update(actor=actor_from_request(request), template_id=found.pk, now=clock_now(), **form.values())
        except AppError as error:
            add_error(form, error)
        else:
            return redirect("console:templates")
    return _template_page(request, form, found)


def _template_page(request: HttpRequest, form: TemplateForm, found: CustomerTemplate | None) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "console/template.html", {"form": form, "template": found}, status=status)


def _policies(user: User) -> QuerySet[Policy]:
    """Policies that any customer can get."""
    return policies_visible(user).filter(company_hub_id__isnull=True).order_by("name")


@require_http_methods(["GET", "POST"])
def template_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a template."""
    admin(request)
    found = template_get(uid)
    dialog = Confirm(
        request,
        title=_("Delete %(name)s") % {"name": found.name},
        label=_("Delete"),
        is_danger=True,
        lines=[_("Customers that were set up with it stay as they are.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        template_delete(actor=actor_from_request(request), template_id=found.pk, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Deleted."), url=reverse("console:templates"))
