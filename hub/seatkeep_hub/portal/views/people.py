"""Users: list, invite, access, withdraw."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError

from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus
from seatkeep_hub.companies.errors import OwnAccessError
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.people import access_clear, access_set
from seatkeep_hub.companies.selectors import access_level, access_list, companies_visible, company_get, users_of
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.errors import UserUnknownError
from seatkeep_hub.msp.invitations import PersonInvited, invitation_create, invitation_revoke
from seatkeep_hub.msp.selectors import invitation_get, invitation_list
from seatkeep_hub.portal.forms import AccessElsewhereForm, AccessForm, InviteForm
from seatkeep_hub.portal.tables import UserTable
from seatkeep_hub.portal.viewing import acting, can_change_any, link_out, viewer_of


def users(request: HttpRequest) -> HttpResponseBase:
    """People, and open invitations above them."""
    viewer = viewer_of(request)
    table = UserTable(request, users_of(viewer))
    context = {"invitations": invitation_list(viewer), "can_change": can_change_any(viewer)}
    return table.response("portal/users.html", context)


def user_get(viewer: User, uid: UUID) -> User:
    """One person whom the viewer may see.

    Raises:
        UserUnknownError: There is none, or not in the viewer's sight.
    """
    person = users_of(viewer).filter(uid=uid).first()
    if person is None:
        raise UserUnknownError
    return person


def user(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One person: what they may do where."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    visible = companies_visible(viewer)
    settings_here = access_list(person).filter(company__in=visible)
    writable = companies_visible(viewer, level=AccessLevel.WRITE).exclude(status=CompanyStatus.REMOVED)
    context = {
        "person": person,
        "rows": settings_here,
        "home_level": access_level(person, person.company),
        "writable": set(writable.filter(accesses__user=person).values_list("pk", flat=True)),
        "can_set": person != viewer and writable.exists(),
    }
    return detail_response(request, "portal/user.html", context)


def user_invite(request: HttpRequest) -> HttpResponse:
    """Invite a person: mail and a link to copy."""
    viewer = viewer_of(request)
    companies = companies_visible(viewer, level=AccessLevel.WRITE).exclude(status=CompanyStatus.REMOVED)
    form = InviteForm(request.POST or None, companies=companies, initial={"company": viewer.company.uid})
    dialog = FormDialog(request, form, title=_("Invite a person"), label=_("Invite"))
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    try:
        invited = invitation_create(**form.cleaned_data, actor=actor, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return _invited(request, invited)


def _invited(request: HttpRequest, invited: PersonInvited) -> HttpResponse:
    link = link_out(reverse("portal:invite", args=[invited.token]))
    is_mailed = mail_send(
        to=invited.invitation.email,
        subject=_("%(who)s invites you to %(company)s")
        % {"who": invited.invitation.invited_by, "company": invited.invitation.company.name},
        template="portal/mail/invitation",
        context={"invitation": invited.invitation, "link": link},
    )
    context = {"email": invited.invitation.email, "link": link, "is_mailed": is_mailed, "back": reverse("portal:users")}
    return detail_response(request, "portal/invited.html", context)


def user_access_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Set what a person may do with a company that is chosen in the dialog."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    if person == viewer:
        raise OwnAccessError
    companies = companies_visible(viewer, level=AccessLevel.WRITE).exclude(status=CompanyStatus.REMOVED)
    form = AccessElsewhereForm(request.POST or None, companies=companies, initial={"company": person.company.uid})
    dialog = FormDialog(request, form, title=_("Access of %(person)s") % {"person": person}, label=_("Set access"))
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    access_set(actor=actor, user=person, now=now, **form.cleaned_data)
    return done(request, _("Access set."), url=reverse("portal:user", args=[person.uid]))


def user_access(request: HttpRequest, uid: UUID, company_uid: UUID) -> HttpResponse:
    """Set what a person may do with one company and below."""
    viewer = viewer_of(request)
    person, company = user_get(viewer, uid), company_get(viewer, company_uid, level=AccessLevel.WRITE)
    if person == viewer:
        raise OwnAccessError
    present = access_list(person).filter(company=company).first()
    initial = {"level": present.level, "role": present.role} if present else None
    form = AccessForm(request.POST or None, initial=initial)
    title = _("Access of %(person)s to %(company)s") % {"person": person, "company": company}
    dialog = FormDialog(request, form, title=title, label=_("Set access"))
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    if form.cleaned_data["level"]:
        access_set(actor=actor, user=person, company=company, now=now, **form.cleaned_data)
    else:
        access_clear(actor=actor, user=person, company=company, now=now)
    return done(request, _("Access set."), url=reverse("portal:user", args=[person.uid]))


def invitation_withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Withdraw an open invitation."""
    invitation = invitation_get(viewer_of(request), uid)
    dialog = Confirm(
        request,
        title=_("Withdraw the invitation of %(email)s") % {"email": invitation.email},
        label=_("Withdraw"),
        is_danger=True,
        lines=[_("The link that was sent stops working.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    invitation_revoke(invitation=invitation, actor=actor, now=now)
    return done(request, _("Withdrawn."), url=reverse("portal:users"))
