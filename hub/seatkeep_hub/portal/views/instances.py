"""Consoles: list, approve or deny a link, revoke."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from seatkeep_webkit.actors import Actor, ActorKind
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, done
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_hub.companies.enums import CompanyStatus, Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import company_get, company_subtree
from seatkeep_hub.instances.models import LinkRequest
from seatkeep_hub.instances.selectors import instance_get, instance_list, link_request_by_user_code
from seatkeep_hub.instances.services import instance_revoke, link_request_approve, link_request_deny
from seatkeep_hub.licensing.security_admins import owners_administered
from seatkeep_hub.licensing.selectors import license_list
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.errors import NotSecurityAdminError
from seatkeep_hub.portal.forms import ApproveLinkForm
from seatkeep_hub.portal.tables import InstanceTable
from seatkeep_hub.portal.viewing import acting, viewer_of


def instances(request: HttpRequest) -> HttpResponseBase:
    """Consoles that are or were linked."""
    table = InstanceTable(request, instance_list(viewer_of(request)))
    return table.response("portal/instances.html")


def instance(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One console."""
    found = instance_get(viewer_of(request), uid)
    return detail_response(request, "portal/instance.html", {"instance": found})


def instance_stop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Revoke a console after a question."""
    viewer = viewer_of(request)
    found = instance_get(viewer, uid)
    company_get(viewer, found.company.uid, right=Right.PROGRAMS)
    dialog = Confirm(
        request,
        title=_("Revoke %(name)s") % {"name": found.name},
        label=_("Revoke"),
        is_danger=True,
        lines=[
            _("The console hears nothing of Licensing any more."),
            _("Its computers keep their licenses and their protection."),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: instance_revoke(instance=found, actor=actor, now=now),
        said=_("Revoked."),
        url=reverse("portal:instances"),
    )


def link(request: HttpRequest) -> HttpResponse:
    """Type the code of a console, or see what it will get and decide."""
    viewer = viewer_of(request)
    code = request.GET.get("code", "")
    if not code:
        return render(request, "portal/link_code.html")
    rate_limit(key=f"link-code:{viewer.uid}", limit=20, window=timedelta(minutes=10), now=read_clock())
    asked = link_request_by_user_code(code, now=read_clock())
    owners = owners_administered(viewer)
    context = {
        "asked": asked,
        "form": ApproveLinkForm(companies=owners),
        "offers": [_offer(owner) for owner in owners[:20]],
    }
    return render(request, "portal/link_approve.html", context)


@require_POST
def link_decide(request: HttpRequest, code: str) -> HttpResponse:
    """Approve or deny; only a Security Admin of the chosen owner may approve."""
    viewer = viewer_of(request)
    asked = link_request_by_user_code(code, now=read_clock())
    if request.POST.get("answer") == "approve":
        return _approve(request, viewer, asked)
    if not owners_administered(viewer).exists():
        raise NotSecurityAdminError
    actor, now = acting(request)
    link_request_deny(request=asked, actor=actor, now=now)
    return done(request, _("Denied. The console is told so."), url=reverse("portal:instances"))


def _approve(request: HttpRequest, viewer: User, asked: LinkRequest) -> HttpResponse:
    owners: QuerySet[Company] = owners_administered(viewer)
    form = ApproveLinkForm(request.POST, companies=owners)
    if not form.is_valid():
        raise NotSecurityAdminError
    actor, now = acting(request)
    linked = link_request_approve(request=asked, company=form.cleaned_data["company"], actor=actor, now=now)
    if request.headers.get("HX-Request"):
        return done(request, _("Linked."), url=reverse("portal:linked", args=[linked.uid]))
    return redirect("portal:linked", linked.uid)


def linked(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The console is linked: where to go now."""
    viewer = viewer_of(request)
    owners = owners_administered(viewer)
    found = instance_list(viewer).filter(uid=uid).first()
    found = found or instance_list(Actor.system("portal")).filter(uid=uid, company__in=owners).first()
    if found is None:
        found = instance_get(viewer, uid)
    return render(request, "portal/linked.html", {"instance": found})


def _offer(owner: Company) -> dict[str, object]:
    scope = Actor(kind=ActorKind.INSTANCE, id="preview", label="preview", company_uid=owner.uid)
    companies = company_subtree(owner).exclude(status=CompanyStatus.REMOVED).exclude(pk=owner.pk)
    return {"owner": owner, "companies": companies.count(), "licenses": license_list(scope).count()}
