"""Users: list, invite, role, access, why, edit."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.roles import ROLES, Right, Role

from seatkeep_hub.companies.access import Holding, setting_of
from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus
from seatkeep_hub.companies.errors import CompanyNotFoundError, RightMissingError
from seatkeep_hub.companies.explaining import Act, explain
from seatkeep_hub.companies.models import Access, Company, User
from seatkeep_hub.companies.people import grantable, user_update
from seatkeep_hub.companies.selectors import access_list, companies_visible, company_get, user_get, users_of
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.invitations import PersonInvited, invitation_create, invitation_resend, invitation_revoke
from seatkeep_hub.msp.selectors import invitation_get, invitation_list
from seatkeep_hub.people.acting import can_act_as
from seatkeep_hub.people.granting import Wanted, access_change, invite_check, manageable, role_give
from seatkeep_hub.people.leaving import departure_of
from seatkeep_hub.people.signing_in import has_second_factor
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.people_forms import LISTED, AccessForm, InviteForm, PersonForm, PlacesForm, WhyForm
from seatkeep_hub.portal.people_tables import AccessTable
from seatkeep_hub.portal.tables import UserTable
from seatkeep_hub.portal.viewing import acting, link_out, viewer_of


def users(request: HttpRequest) -> HttpResponseBase:
    """People, and open invitations above them."""
    viewer = viewer_of(request)
    table = UserTable(request, users_of(viewer))
    context = {"invitations": invitation_list(viewer), "can_invite": peopled(viewer).exists()}
    return table.response("portal/users.html", context)


def user(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One person: what they may do where, and what can be done about them."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    context = {
        "person": person,
        "rows": access_list(person).filter(company__in=companies_visible(viewer)),
        "has_second_factor": has_second_factor(person),
        "departure": departure_of(person),
        "can_manage": person != viewer and person.is_active and manageable(viewer, person),
        "can_act_as": can_act_as(viewer, person),
        "is_self": person == viewer,
    }
    return detail_response(request, "portal/user.html", context)


def roles(request: HttpRequest) -> HttpResponse:
    """What each ready-made role may do."""
    viewer_of(request)
    rights = [(right, [right in one.rights for one in ROLES.values()]) for right in Right]
    return render(request, "portal/roles.html", {"roles": ROLES.items(), "rights": rights})


def user_invite(request: HttpRequest) -> HttpResponse:
    """Invite a person: role, customers, mail and a link to copy."""
    viewer = viewer_of(request)
    companies = peopled(viewer)
    home = viewer.company if companies.filter(pk=viewer.company_id).exists() else companies.first()
    if home is None:
        company_get(viewer, viewer.company.uid, right=Right.PEOPLE)
    form = InviteForm(
        request.POST or None,
        companies=companies,
        roles=roles_for(viewer, home or viewer.company),
        customers=_customers(viewer),
        initial={"company": request.GET.get("company", home.uid if home else "")},
    )
    lines = [_("They get a link, choose a password, and have the role at once.")]
    dialog = FormDialog(request, form, title=_("Invite a person"), label=_("Invite"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    values = form.cleaned_data
    company, fields = values["company"], {name: values[name] for name in ("role", "sees_prices")}
    try:
        given = setting_of(company.path, **fields).holding
        invite_check(viewer, company=company, wanted=given, customers=values["customers"])
        invited = invitation_create(
            company=company, email=values["email"], customers=values["customers"], actor=actor, now=now, **fields
        )
    except AppError as error:
        return dialog.refuse(error)
    return _invited(request, invited)


def invitation_again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Send an invitation again, with a new link."""
    invitation = invitation_get(viewer_of(request), uid)
    dialog = Confirm(
        request,
        title=_("Invite %(email)s again") % {"email": invitation.email},
        label=_("Make a new link"),
        lines=[_("It works for 14 days from now; the old link stops working.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    actor, now = acting(request)
    return _invited(request, invitation_resend(invitation=invitation, actor=actor, now=now))


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
    return carry_out(
        request,
        dialog,
        lambda actor, now: invitation_revoke(invitation=invitation, actor=actor, now=now),
        said=_("Withdrawn."),
        url=reverse("portal:users"),
    )


def user_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change the name and the switches of a person."""
    person = managed(viewer_of(request), uid)
    initial = {name: getattr(person, name) for name in ("name", "is_contact", "may_use_api")}
    form = PersonForm(request.POST or None, initial=initial)
    dialog = FormDialog(request, form, title=_("Edit %(person)s") % {"person": person}, label=_("Save"))
    return carry_out(
        request,
        dialog,
        lambda actor, now: user_update(actor=actor, user=person, now=now, **form.cleaned_data),
        said=_("Saved."),
        url=_url(person),
    )


def user_role(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give a person one role, for all customers or for a list."""
    viewer = viewer_of(request)
    person = managed(viewer, uid)
    below = _customers(viewer).filter(path__contains=[person.company_id])
    form = PlacesForm(
        request.POST or None,
        roles=roles_for(viewer, person.company),
        customers=below,
        initial=_role_now(person),
    )
    lines = [_("It replaces what was set for this person at %(company)s and below.") % {"company": person.company}]
    title = _("Role of %(person)s") % {"person": person}
    dialog = FormDialog(request, form, title=title, label=_("Set role"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    values = form.cleaned_data
    try:
        role_give(
            viewer=viewer,
            actor=actor,
            user=person,
            company=person.company,
            role=Role(values["role"]),
            customers=values["customers"],
            sees_prices=values["sees_prices"],
            now=now,
        )
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Role set."), url=_url(person))


def user_matrix(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Advanced: a person's access company by company, with where it comes from."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    found = companies_visible(viewer).exclude(status=CompanyStatus.REMOVED).exclude(kind=CompanyKind.VENDOR)
    can_set = person != viewer and person.is_active and manageable(viewer, person)
    table = AccessTable(request, found.select_related("parent"), person=person, can_set=can_set)
    return table.response("portal/user_matrix.html", {"person": person, "can_set": can_set})


def user_access(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Set a person's access at the companies that were chosen, or at the one that the address names."""
    viewer = viewer_of(request)
    person = managed(viewer, uid)
    chosen = _chosen(request, viewer, person)
    form = AccessForm(request.POST if "role" in request.POST else None, roles=roles_for(viewer, person.company))
    if len(chosen) == 1:
        form.initial = _access_now(person, chosen[0])
    count = len(chosen)
    words = ngettext("Access of %(person)s to %(company)s", "Access of %(person)s to %(count)s companies", count)
    title = words % {"person": person, "count": count, "company": chosen[0] if chosen else ""}
    dialog = FormDialog(
        request,
        form,
        title=title,
        label=_("Set access"),
        lines=[_("It holds for everything below, too, unless something nearer is set there.")],
        carried=[("selected", str(one.pk)) for one in chosen],
    )
    if "role" not in request.POST or not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    wanted = [Wanted(company, **form.wanted) for company in chosen]
    try:
        access_change(viewer=viewer, actor=actor, user=person, wanted=wanted, now=now)
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Access set."), url=reverse("portal:user-matrix", args=[person.uid]))


def user_why(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Why may this person do that there?"""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    companies = companies_visible(viewer).exclude(kind=CompanyKind.VENDOR)
    initial = {"company": person.company.uid, "act": Act.VIEW.value}
    data = {name: request.GET.get(name, str(value)) for name, value in initial.items()}
    form = WhyForm(data, companies=companies)
    asked = form.cleaned_data if form.is_valid() else None
    answer = explain(user=person, company=asked["company"], act=Act(asked["act"])) if asked else None
    context = {"person": person, "form": form, "answer": answer, "asked": asked}
    return detail_response(request, "portal/user_why.html", context)


def managed(viewer: User, uid: UUID) -> User:
    """A person whom the viewer manages.

    Raises:
        UserUnknownError: There is none, or not in the viewer's sight.
        RightMissingError: The viewer may not manage people there, or holds less than this one.
    """
    person = user_get(viewer, uid)
    company_get(viewer, person.company.uid, right=Right.PEOPLE)
    if person == viewer or not manageable(viewer, person):
        raise RightMissingError(right=Right.PEOPLE.value)
    return person


def peopled(viewer: User) -> QuerySet[Company]:
    """Companies whose people the viewer manages, by name."""
    found = companies_visible(viewer, right=Right.PEOPLE).exclude(status=CompanyStatus.REMOVED)
    return found.exclude(kind=CompanyKind.VENDOR).order_by("name", "id")


def roles_for(viewer: User, company: Company) -> list[Role]:
    """Roles that the viewer may give at a company: none that holds more than they do."""
    own = grantable(viewer, company)
    return [role for role, one in ROLES.items() if own.covers(Holding(one.level, one.rights))]


def _customers(viewer: User) -> QuerySet[Company]:
    found = companies_visible(viewer, right=Right.PEOPLE).filter(kind=CompanyKind.CUSTOMER)
    listed = found.exclude(status=CompanyStatus.REMOVED).order_by("name", "id").values("pk")[:LISTED]
    return Company.objects.filter(pk__in=listed).order_by("name", "id")


def _chosen(request: HttpRequest, viewer: User, person: User) -> list[Company]:
    if "company" in request.GET:
        try:
            return [company_get(viewer, UUID(request.GET["company"]), right=Right.PEOPLE)]
        except ValueError:
            raise CompanyNotFoundError from None
    table = AccessTable(request, peopled(viewer), person=person, can_set=True)
    found = list(table.selected()[:LISTED])
    if not found:
        raise CompanyNotFoundError
    return found


def _role_now(person: User) -> dict[str, object]:
    rows = list(Access.objects.filter(user=person, company__path__contains=[person.company_id]))
    if not rows:
        return {}
    prices = {True: "yes", False: "no", None: ""}[rows[0].sees_prices]
    if any(row.company_id == person.company_id for row in rows):
        own = next(row for row in rows if row.company_id == person.company_id)
        return {"role": own.role, "reach": "all", "prices": prices}
    listed = Company.objects.filter(accesses__in=rows).values_list("uid", flat=True)
    return {"role": rows[0].role, "reach": "list", "customers": list(listed), "prices": prices}


def _access_now(person: User, company: Company) -> dict[str, object]:
    row = Access.objects.filter(user=person, company=company).first()
    if row is None:
        return {"level": ""}
    return {"level": row.level, "role": row.role, "prices": {True: "yes", False: "no", None: ""}[row.sees_prices]}


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


def _url(person: User) -> str:
    return reverse("portal:user", args=[person.uid])
