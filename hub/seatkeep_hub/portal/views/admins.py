"""Security Admins: list, invite, revoke."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog
from seatkeep_webkit.errors import AppError

from seatkeep_hub.business.services import admin_get, admin_invite, admin_list, admin_revoke, owners_writable
from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.selectors import companies_visible, company_get
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.forms import AdminInviteForm
from seatkeep_hub.portal.tables import AdminTable
from seatkeep_hub.portal.viewing import acting, viewer_of


def admins(request: HttpRequest) -> HttpResponseBase:
    """Security Admins of the owners that the viewer may see."""
    viewer = viewer_of(request)
    context = {"can_invite": _inviting(viewer).exists()}
    return AdminTable(request, admin_list(viewer)).response("portal/admins.html", context)


def admin(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One Security Admin."""
    return detail_response(request, "portal/admin.html", {"admin": admin_get(viewer_of(request), uid)})


def admin_new(request: HttpRequest) -> HttpResponse:
    """Invite a Security Admin: mail and a link to copy."""
    owners = _inviting(viewer_of(request))
    form = AdminInviteForm(request.POST or None, companies=owners, initial={"company": owners.first()})
    dialog = FormDialog(request, form, title=_("Invite a Security Admin"), label=_("Invite"))
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    owner, email = form.cleaned_data["company"], form.cleaned_data["email"]
    try:
        invited = admin_invite(owner=owner, email=email, actor=actor, now=now)
    except AppError as error:
        return dialog.refuse(error)
    context = {
        "email": invited.admin.email,
        "link": invited.link,
        "is_mailed": invited.is_mailed,
        "back": reverse("portal:admins"),
    }
    return detail_response(request, "portal/invited.html", context)


def admin_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Revoke a Security Admin after a question."""
    viewer = viewer_of(request)
    found = admin_get(viewer, uid)
    company_get(viewer, found.company.uid, right=Right.PEOPLE)
    dialog = Confirm(
        request,
        title=_("Revoke %(email)s") % {"email": found.email},
        label=_("Revoke"),
        is_danger=True,
        lines=[
            _("They no longer manage licenses for %(owner)s.") % {"owner": found.company},
            _("Consoles that they linked go on working."),
        ],
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: admin_revoke(admin=found, actor=actor, now=now),
        said=_("Revoked."),
        url=reverse("portal:admins"),
    )


def _inviting(viewer: User) -> QuerySet[Company]:
    people = companies_visible(viewer, right=Right.PEOPLE).values("pk")
    return owners_writable(viewer).filter(pk__in=people)
