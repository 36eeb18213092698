"""A company's details: create, edit, notes, trust, remove."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, add_error, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.impersonation import impersonation_refuse
from seatkeep_webkit.paging import paginate

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Right
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.notes import is_author, note_add, note_delete, note_edit, note_get, note_list
from seatkeep_hub.companies.selectors import companies_visible, company_get, parent_decides_check
from seatkeep_hub.companies.services import company_rename, company_update
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.selectors import license_list
from seatkeep_hub.mailing import mail_send
from seatkeep_hub.msp.enums import RequestKind
from seatkeep_hub.msp.invitations import PersonInvited
from seatkeep_hub.msp.onboarding import company_begin
from seatkeep_hub.msp.removing import company_take_out, in_the_way
from seatkeep_hub.msp.requests import requests_to_decide, trust_set
from seatkeep_hub.portal.asking import ask_instead
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.company_forms import CompanyEditForm, CompanyForm, NoteForm, TrustForm
from seatkeep_hub.portal.forms import NameForm
from seatkeep_hub.portal.selectors import is_one_msp, parents_for
from seatkeep_hub.portal.viewing import acting, link_out, viewer_of

NOTES_SHOWN = 20


def company_new(request: HttpRequest) -> HttpResponse:
    """Create a company below one that the viewer may change, or ask for it."""
    viewer = viewer_of(request)
    has_license = license_list(viewer).filter(kind=LicenseKind.MSP).exists()
    form = CompanyForm(
        request.POST or None, parents=list(parents_for(viewer)), has_license=has_license, initial=_place(request)
    )
    title = _("New customer") if is_one_msp() else _("New company")
    dialog = FormDialog(request, form, title=title, label=_("Create"), lines=[_("This sends no mail.")])
    if not dialog.is_valid:
        return dialog.response()
    wanted = dict(form.cleaned_data)
    parent = wanted.pop("parent")
    try:
        asked = ask_instead(request, parent, RequestKind.CUSTOMER, wanted)
        if asked is not None:
            return asked
        if wanted.get("contact_email"):
            company_get(viewer, parent.uid, right=Right.PEOPLE)
        actor, now = acting(request)
        made, invited = company_begin(actor=actor, parent=parent, now=now, **wanted)
    except AppError as error:
        return dialog.refuse(error)
    if invited is not None:
        return _invited(request, made, invited)
    return done(request, _("Created."), url=_url(made))


def company_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Change anything about a company."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid, level=AccessLevel.WRITE)
    form = CompanyEditForm(request.POST or None, company=found, decides=decides(viewer, found))
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, found, dict(form.cleaned_data))
            return done(request, _("Saved. Linked consoles follow within seconds."), url=_url(found))
        except AppError as error:
            add_error(form, error)
    context = {"company": found, "form": form, "is_one": is_one_msp()}
    return render(request, "portal/company_edit.html", context, status=422 if form.is_bound else 200)


def company_name(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Rename; linked consoles follow."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    form = NameForm(request.POST or None, initial={"name": found.name})
    dialog = FormDialog(request, form, title=_("Rename %(name)s") % {"name": found}, label=_("Rename"))
    return carry_out(
        request,
        dialog,
        lambda actor, now: company_rename(actor=actor, company=found, name=form.cleaned_data["name"], now=now),
        said=_("Renamed. Linked consoles follow within seconds."),
        url=_url(found),
    )


def company_trust(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Trust a managed MSP, or let it ask first."""
    viewer = viewer_of(request)
    found = company_get(viewer, uid, level=AccessLevel.WRITE)
    parent_decides_check(viewer, found, {"is_trusted": not found.is_trusted})
    waiting = requests_to_decide(viewer).filter(company=found).count()
    form = TrustForm(request.POST or None, waiting=waiting, initial={"is_trusted": found.is_trusted})
    lines = [_("Who is not trusted asks you before it orders, changes seats or adds a customer.")]
    if waiting:
        lines.append(ngettext("%(n)s request waits.", "%(n)s requests wait.", waiting) % {"n": waiting})
    dialog = FormDialog(request, form, title=_("Trust %(name)s") % {"name": found}, label=_("Save"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    actor, now = acting(request)
    results = trust_set(actor=actor, company=found, now=now, **form.cleaned_data)
    left = sum(code != "approved" for _one, code in results)
    if left:
        words = ngettext("%(n)s request could not be carried out.", "%(n)s requests could not be carried out.", left)
        return done(request, words % {"n": left}, url=reverse("portal:requests"))
    return done(request, _("Saved."), url=_url(found))


def company_out(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Remove a company that is out of use, after the password."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    impersonation_refuse(request)
    dialog = Confirm(
        request,
        title=_("Remove %(name)s") % {"name": found},
        label=_("Remove"),
        is_danger=True,
        is_password_asked=True,
        lines=_out_lines(found),
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: company_take_out(actor=actor, company=found, now=now),
        said=_("Removed."),
        url=reverse("portal:companies"),
    )


def note_new(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Write a note."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    dialog = FormDialog(
        request, NoteForm(request.POST or None), title=_("Note about %(name)s") % {"name": found}, label=_("Write")
    )
    return carry_out(
        request,
        dialog,
        lambda actor, now: note_add(actor=actor, company=found, text=dialog.form.cleaned_data["text"], now=now),
        said=_("Written."),
        url=_url(found),
    )


def note_change(request: HttpRequest, uid: UUID, note_uid: UUID) -> HttpResponse:
    """Edit one's own note."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    note = note_get(found, note_uid)
    form = NoteForm(request.POST or None, initial={"text": note.text})
    dialog = FormDialog(request, form, title=_("Edit the note"), label=_("Save"))
    return carry_out(
        request,
        dialog,
        lambda actor, now: note_edit(actor=actor, note=note, text=form.cleaned_data["text"], now=now),
        said=_("Saved."),
        url=_url(found),
    )


def note_drop(request: HttpRequest, uid: UUID, note_uid: UUID) -> HttpResponse:
    """Remove a note for good."""
    found = company_get(viewer_of(request), uid, level=AccessLevel.WRITE)
    note = note_get(found, note_uid)
    dialog = Confirm(request, title=_("Remove this note?"), label=_("Remove"), is_danger=True, lines=[note.text[:300]])
    return carry_out(
        request,
        dialog,
        lambda actor, now: note_delete(actor=actor, note=note, now=now),
        said=_("Removed."),
        url=_url(found),
    )


def decides(viewer: User, company: Company) -> bool:
    """Whether the viewer may change the company above, which sets trust and permissions."""
    return companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=company.parent_id or 0).exists()


def notes_shown(request: HttpRequest, company: Company) -> dict[str, Any]:
    """Notes about a company, the newest first, each with whether the viewer wrote it; and the way to the rest."""
    actor = actor_from_request(request)
    page = paginate(note_list(company), order=("-id",), cursor=request.GET.get("notes") or None, limit=NOTES_SHOWN)
    return {
        "notes": [(note, is_author(actor, note)) for note in page.items],
        "notes_older": page.next_cursor,
        "notes_newer": page.previous_cursor,
    }


@transaction.atomic
def _save(request: HttpRequest, company: Company, values: dict[str, Any]) -> None:
    actor, now = acting(request)
    named = company_rename(actor=actor, company=company, name=values.pop("name"), now=now)
    company_update(actor=actor, company=named, now=now, **values)


def _invited(request: HttpRequest, made: Company, invited: PersonInvited) -> HttpResponse:
    link = link_out(reverse("portal:invite", args=[invited.token]))
    is_mailed = False
    if made.kind != CompanyKind.CUSTOMER:
        is_mailed = mail_send(
            to=invited.invitation.email,
            subject=_("%(who)s invites you to %(company)s") % {"who": invited.invitation.invited_by, "company": made},
            template="portal/mail/invitation",
            context={"invitation": invited.invitation, "link": link},
        )
    context = {"email": invited.invitation.email, "link": link, "is_mailed": is_mailed, "back": _url(made)}
    return detail_response(request, "portal/invited.html", context)


def _out_lines(company: Company) -> list[str]:
    found = in_the_way(company)
    words = {
        "companies": _("%(n)s companies stand below it: remove or off-board them first."),
        "seats": _("%(n)s computers still hold a seat: off-board it instead."),
        "licenses": _("It owns %(n)s licenses that are in use: cancel or suspend them first."),
    }
    if found:
        return [words[found[0]] % {"n": found[1]}]
    return [
        _("It disappears from lists; its history stays and it can be restored."),
        _("To end a customer that is in use, on dates and with its seats given back, off-board it instead."),
    ]


def _place(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("parent", "kind") if name in request.GET}


def _url(found: Company) -> str:
    return reverse("portal:company", args=[found.uid])
