"""Sessions of others, acting as somebody, rules for signing in, and leaving."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.impersonation import (
    ImpersonatingError,
    impersonation_begin,
    impersonation_note,
    impersonation_of,
    refuse_while_impersonating,
)
from seatkeep_webkit.sessions import sessions_of

from seatkeep_hub.companies.enums import Right
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import company_get, user_get, users_of
from seatkeep_hub.people.acting import act_as_check
from seatkeep_hub.people.enums import Choice, Left
from seatkeep_hub.people.leaving import Decision, departure_of, user_leave
from seatkeep_hub.people.left_items import items_of, secrets_seen
from seatkeep_hub.people.models import Departure
from seatkeep_hub.people.sessions import session_get, sessions_end
from seatkeep_hub.people.signing_in import sign_in_rule, sign_in_rule_set
from seatkeep_hub.portal.audit_words import WORDS
from seatkeep_hub.portal.carrying_out import carry_out
from seatkeep_hub.portal.people_forms import LeaveForm, SignInRuleForm
from seatkeep_hub.portal.viewing import acting, viewer_of
from seatkeep_hub.portal.views.people import managed


def user_sessions(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Where a person is signed in."""
    person = managed(viewer_of(request), uid)
    return detail_response(request, "portal/user_sessions.html", {"person": person, "sessions": sessions_of(person)})


@require_POST
def user_session_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End one session of a person, or all."""
    person = managed(viewer_of(request), uid)
    number = request.POST.get("session", "")
    only = session_get(person, int(number)) if number.isascii() and number.isdigit() else None
    actor, now = acting(request)
    count = sessions_end(actor=actor, user=person, only=only, now=now)
    words = ngettext("%(count)s session ended.", "%(count)s sessions ended.", count) % {"count": count}
    return done(request, words, url=reverse("portal:user-sessions", args=[person.uid]))


def act_as(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Act as somebody of a company below, after a question."""
    if impersonation_of(request):
        raise ImpersonatingError
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    act_as_check(person=viewer, target=person)
    dialog = Confirm(
        request,
        title=_("Act as %(person)s of %(company)s") % {"person": person, "company": person.company},
        label=_("Act as this person"),
        lines=[
            _("You see and may exactly what they see and may, for one hour or until you return."),
            _("The audit log names you both. Keys, passwords and what cannot be taken back stay closed."),
        ],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    impersonation_note(request, person, "user:impersonate")
    impersonation_begin(request, person.uid)
    return done(request, _("You act as %(person)s now.") % {"person": person}, url="/")


def sign_in_rules(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Rules for signing in of a company's people, and of those below."""
    company = company_get(viewer_of(request), uid, right=Right.PEOPLE)
    rule = sign_in_rule(company)
    initial = (
        {"requires_second_factor": rule.requires_second_factor, "idle_minutes": rule.idle_minutes} if rule else None
    )
    # A form without a ticked box posts nothing but its token, so the method decides and not the content.
    form = SignInRuleForm(request.POST if request.method == "POST" else None, initial=initial)
    lines = [_("They hold for everybody who works for %(company)s or a company below.") % {"company": company}]
    dialog = FormDialog(request, form, title=_("Rules for signing in"), label=_("Set rules"), lines=lines)
    return carry_out(
        request,
        dialog,
        lambda actor, now: sign_in_rule_set(actor=actor, company=company, now=now, **form.cleaned_data),
        said=_("Set. They hold from everybody's next click on."),
        url=_people_url(company.uid),
    )


@refuse_while_impersonating
def leave(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A person leaves: what ends by itself, what they made, which secrets they saw; then one act."""
    viewer = viewer_of(request)
    person = user_get(viewer, uid)
    departure = departure_of(person)
    if departure is not None:
        return render(request, "portal/user_left.html", _left(person, departure))
    person = managed(viewer, uid)
    items = items_of(person)
    form = LeaveForm(request.POST if request.method == "POST" else None, items=items, heirs=_heirs(viewer, person))
    context = {"person": person, "form": form, "items": items, "sessions": len(sessions_of(person)), **_seen(person)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/user_leave.html", context, status=422 if request.method == "POST" else 200)
    actor, now = acting(request)
    decisions = {key: Decision(choice, heir) for key, (choice, heir) in form.decisions.items()}
    try:
        left = user_leave(actor=actor, user=person, decisions=decisions, now=now)
    except AppError as error:
        form.add_error(None, error.detail)
        return render(request, "portal/user_leave.html", context, status=422)
    context = {**_left(person, left.departure), "new_secrets": left.secrets}
    response = render(request, "portal/user_left.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _heirs(viewer: User, person: User) -> QuerySet[User]:
    return users_of(viewer).filter(is_active=True).exclude(pk=person.pk).order_by("name", "id")


def _left(person: User, departure: Departure) -> dict[str, object]:
    settled = [
        (Left(one["kind"]).label, one["name"], one["company"], Choice(one["choice"]).label, one["heir"])
        for one in departure.items
    ]
    return {"person": person, "departure": departure, "settled": settled, **_seen(person)}


def _seen(person: User) -> dict[str, object]:
    seen = secrets_seen(person)
    names = WORDS.names({one.subject_id for one in seen})
    shown = [
        {"what": str(WORDS.actions.get(one.action, one.action)), "at": one.at, "about": names.get(one.subject_id)}
        for one in seen
    ]
    return {"secrets": shown}


def _people_url(uid: UUID) -> str:
    return reverse("portal:company-people", args=[uid])
