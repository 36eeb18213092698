"""Users: list, invite, what they hold and why, sessions, how people sign in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotAllowedError
from seatkeep_webkit.roles import Role
from seatkeep_webkit.sessions import sessions_of

from seatkeep_manager.console.people import admin, viewer, viewer_is_admin
from seatkeep_manager.console.people_forms import LISTED, HomeForm, InviteForm, SignInRuleForm, WhatForm, WhyForm
from seatkeep_manager.console.tables.people import UserTable
from seatkeep_manager.directory.access import groups_within, holdings_of, may
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rights import is_owner
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.rights.errors import GrantTooMuchError
from seatkeep_manager.rights.explaining import explain
from seatkeep_manager.rights.granting import give_check, grant_give, grant_take
from seatkeep_manager.rights.inviting import PersonInvited, invitation_create, invitation_link, invitation_revoke
from seatkeep_manager.rights.people import home_set
from seatkeep_manager.rights.selectors import (
    departure_of,
    grant_get,
    grants_visible,
    invitation_get,
    invitations_visible,
    manageable,
    second_factor_holders,
    session_get,
    sets_visible,
    sign_in_rule,
    user_get,
    users_visible,
)
from seatkeep_manager.rights.signing_in import sessions_end, sign_in_rule_set


@require_safe
def users(request: HttpRequest) -> HttpResponseBase:
    """People, and open invitations above them."""
    user = looker(request)
    context = {
        "invitations": invitations_visible(user),
        "can_invite": may(user, Functionality.USERS, AccessLevel.WRITE),
        "can_rule": viewer_is_admin(request, Functionality.USERS),
        "rule": sign_in_rule(),
    }
    return UserTable(request, users_visible(user)).response("console/users.html", context)


@require_safe
def user(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One person: what they hold where, and what can be done about them."""
    asker = viewer(request)
    person = user_get(asker, uid=uid)
    context = {
        "person": person,
        "grants": grants_visible(asker, person),
        "told": _told(asker, person),
        "has_second_factor": bool(second_factor_holders([person])),
        "departure": departure_of(person),
        "can_manage": person.is_active and manageable(asker, person),
        "can_give": person != asker and person.is_active and may(asker, Functionality.USERS, AccessLevel.WRITE),
        "is_self": person == asker,
    }
    return detail_response(request, "console/user.html", context)


@require_http_methods(["GET", "POST"])
def user_invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody who signs in at the console itself; the link is handed over."""
    asker = giver(request)
    form = InviteForm(request.POST or None, **offers(asker))
    lines = [
        _("They get a link, choose a password, and sign in here without Licensing."),
        _("People who have an account in Licensing need no invitation: they sign in with it."),
    ]
    dialog = FormDialog(request, form, title=_("Invite a person"), label=_("Invite"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    given = form.given()
    try:
        give_check(asker, **given)
        invited = invitation_create(
            actor=actor_from_request(request), email=form.cleaned_data["email"], invited_by=asker, now=clock_now(),
            **given,
        )  # fmt: skip
    except AppError as error:
        return dialog.refuse(error)
    return _invited(request, invited)


@require_http_methods(["GET", "POST"])
def invitation_withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Withdraw an open invitation."""
    invitation = invitation_get(viewer(request), uid=uid)
    dialog = Confirm(
        request, title=_("Withdraw the invitation of %(email)s") % {"email": invitation.email}, label=_("Withdraw"),
        is_danger=True, lines=[_("The link that was handed over stops working.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    invitation_revoke(actor=actor_from_request(request), invitation=invitation, now=clock_now())
    return done(request, _("Withdrawn."), url=reverse("console:users"))


@require_http_methods(["GET", "POST"])
def user_give(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give a person a role or a set at a group."""
    asker = giver(request)
    person = user_get(asker, uid=uid)
    form = WhatForm(request.POST or None, **offers(asker))
    lines = [_("It adds to what the person holds already.")]
    title = _("Give %(person)s a role or a set") % {"person": person}
    dialog = FormDialog(request, form, title=title, label=_("Give"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    try:
        grant_give(actor=actor_from_request(request), user=asker, person=person, now=clock_now(), **form.given())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Given; it holds from the next click."), url=_url(person))


@require_http_methods(["GET", "POST"])
def user_take(request: HttpRequest, uid: UUID, grant: UUID) -> HttpResponse:
    """Take a role or a set away from a person."""
    asker = giver(request)
    person = user_get(asker, uid=uid)
    found = grant_get(asker, person, uid=grant)
    words = {"what": found.permission_set or found.get_role_display(), "group": found.group, "person": person}
    dialog = Confirm(
        request, title=_("Take %(what)s at %(group)s from %(person)s") % words, label=_("Take away"), is_danger=True,
        lines=[_("It ends with the person's next click. What they made stays.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    try:
        grant_take(actor=actor_from_request(request), user=asker, grant=found, now=clock_now())
    except AppError as error:
        return dialog.refuse(error)
    return done(request, _("Taken away."), url=_url(person))


@require_http_methods(["GET", "POST"])
def user_home(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Set a person's home group."""
    person = managed(request, uid)
    initial = {"group": person.home_group.uid} if person.home_group else None
    form = HomeForm(request.POST or None, groups=listed(groups_visible(viewer(request))), initial=initial)
    title = _("Home group of %(person)s") % {"person": person}
    dialog = FormDialog(request, form, title=title, label=_("Save"))
    if not dialog.is_valid:
        return dialog.response()
    group = form.cleaned_data["group"]
    home_set(actor=actor_from_request(request), person=person, group=group, now=clock_now())
    return done(request, _("Saved."), url=_url(person))


@require_safe
def user_why(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Why may this person do that there?"""
    asker = viewer(request)
    person = user_get(asker, uid=uid)
    groups = listed(groups_within(asker, Functionality.USERS, AccessLevel.READ))
    first = groups.first()
    initial = {"group": first.uid if first else "", "functionality": "GROUPS", "level": "READ"}
    form = WhyForm({name: request.GET.get(name, str(value)) for name, value in initial.items()}, groups=groups)
    answer, asked = None, form.cleaned_data if form.is_valid() else None
    if asked:
        answer = explain(
            person=person, group=asked["group"], functionality=Functionality(asked["functionality"]),
            level=AccessLevel(asked["level"]),
        )  # fmt: skip
    context = {"person": person, "form": form, "answer": answer, "asked": asked}
    return detail_response(request, "console/user_why.html", context)


@require_safe
def user_sessions(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Where a person is signed in."""
    person = managed(request, uid)
    return detail_response(request, "console/user_sessions.html", {"person": person, "sessions": sessions_of(person)})


@require_POST
def user_session_end(request: HttpRequest, uid: UUID) -> HttpResponse:
    """End one session of a person, or all."""
    person = managed(request, uid)
    number = request.POST.get("session", "")
    only = session_get(person, int(number)) if number.isascii() and number.isdigit() and len(number) < 16 else None
    count = sessions_end(actor=actor_from_request(request), person=person, only=only, now=clock_now())
    words = ngettext("%(count)s session ended.", "%(count)s sessions ended.", count) % {"count": count}
    return done(request, words, url=reverse("console:user-sessions", args=[person.uid]))


@require_http_methods(["GET", "POST"])
def sign_in_rules(request: HttpRequest) -> HttpResponse:
    """How people have to sign in at this console."""
    admin(request, Functionality.USERS)
    rule = sign_in_rule()
    initial = (
        {"requires_second_factor": rule.requires_second_factor, "idle_minutes": rule.idle_minutes} if rule else None
    )
    # A form without a ticked box posts nothing but its token, so the method decides and not the content.
    form = SignInRuleForm(request.POST if request.method == "POST" else None, initial=initial)
    lines = [_("Who comes through Licensing shows the second factor there; its rules hold for them.")]
    dialog = FormDialog(request, form, title=_("Rules for signing in"), label=_("Set rules"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    sign_in_rule_set(actor=actor_from_request(request), now=clock_now(), **form.cleaned_data)
    return done(request, _("Set. They hold from everybody's next click on."), url=reverse("console:users"))


def looker(request: HttpRequest) -> User:
    """The signed-in person, who may look at users somewhere.

    Raises:
        NotAllowedError: They may nowhere.
    """
    asker = viewer(request)
    if not may(asker, Functionality.USERS):
        raise NotAllowedError
    return asker


def giver(request: HttpRequest) -> User:
    """The signed-in person, who manages users somewhere.

    Raises:
        NotAllowedError: They do nowhere.
    """
    asker = viewer(request)
    if not may(asker, Functionality.USERS, AccessLevel.WRITE):
        raise NotAllowedError
    return asker


def managed(request: HttpRequest, uid: UUID) -> User:
    """A person whom the viewer manages.

    Raises:
        UserNotFoundError: Not in the viewer's sight.
        GrantTooMuchError: In sight, and holds more than the viewer, or it is the viewer.
    """
    person = user_get(viewer(request), uid=uid)
    if not manageable(viewer(request), person):
        raise GrantTooMuchError
    return person


def offers(asker: User, functionality: Functionality = Functionality.USERS) -> dict[str, Any]:
    """Roles, own sets and groups that somebody may give, for a form; the service judges the choice."""
    roles = [role for role in Role if role != Role.OWNER or (functionality == Functionality.USERS and _owns(asker))]
    groups = groups_within(asker, functionality, AccessLevel.WRITE)
    return {"roles": roles, "sets": list(sets_visible(asker)), "groups": listed(groups)}


def listed(groups: QuerySet[StaticGroup]) -> QuerySet[StaticGroup]:
    """The first groups of the tree, as many as a list can show."""
    shown = groups.exclude(kind__in=["COMPANIES"]).order_by("path").values("pk")[:LISTED]
    return StaticGroup.objects.filter(pk__in=shown).order_by("path")


def _owns(asker: User) -> bool:
    return is_owner(holdings_of(asker))


def _told(asker: User, person: User) -> list[dict[str, Any]]:
    """What Licensing says of a person, as far as the viewer may look at users there."""
    mine = groups_within(asker, Functionality.USERS, AccessLevel.READ)
    held = [one for one in holdings_of(person) if one.is_from_hub]
    groups = {one.pk: one for one in mine.filter(pk__in=[one.group_id for one in held])}
    return [
        {"group": groups[one.group_id], "name": one.name, "is_nothing": not one.levels}
        for one in held
        if one.group_id in groups
    ]


def _invited(request: HttpRequest, invited: PersonInvited) -> HttpResponse:
    context = {"email": invited.invitation.email, "link": invitation_link(invited.token)}
    response = detail_response(request, "console/invited.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _url(person: User) -> str:
    return reverse("console:user", args=[person.uid])
