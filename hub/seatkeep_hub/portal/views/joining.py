"""Invitations as the invited person sees them: become a user, or a Security Admin."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.utils import perform_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_webkit.actors import client_ip
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.dialogs import done
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_hub.business.services import admin_revoke
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.people import user_create
from seatkeep_hub.licensing.models import SecurityAdmin
from seatkeep_hub.licensing.security_admins import security_admin_accept, security_admin_open
from seatkeep_hub.msp.invitations import invitation_accept
from seatkeep_hub.msp.selectors import invitation_by_token
from seatkeep_hub.portal.first_run import email_confirm
from seatkeep_hub.portal.forms import JoinForm
from seatkeep_hub.portal.viewing import acting

SESSION_KEYS = {"person": "invitation", "admin": "admin_invitation"}


def invite_open(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """Take the secret out of the address: it must not stay in the history or go out as referrer."""
    _slow_down(request)
    request.session[SESSION_KEYS[kind]] = token
    return redirect("portal:join" if kind == "person" else "portal:admin-join")


def join(request: HttpRequest) -> HttpResponse:
    """Accept an invitation into a company: name and password make the account."""
    _slow_down(request)
    token = request.session.get(SESSION_KEYS["person"], "")
    invitation = invitation_by_token(token)
    form = JoinForm(request.POST or None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "portal/join.html", {"form": form, "invitation": invitation}, status=status)
    actor, now = acting(request)
    with transaction.atomic():
        person = invitation_accept(
            invitation=invitation,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password"],
            actor=actor,
            now=now,
        )
        email_confirm(person)
    return _sign_in(request, person)


def admin_join(request: HttpRequest) -> HttpResponse:
    """Accept or decline to manage licenses for an owner."""
    _slow_down(request)
    token = request.session.get(SESSION_KEYS["admin"], "")
    admin = security_admin_open(token, now=read_clock())
    known = User.objects.filter(email=admin.email).first()
    if request.method == "POST" and request.POST.get("answer") == "decline":
        actor, now = acting(request)
        admin_revoke(admin=admin, actor=actor, now=now)
        return render(request, "portal/admin_declined.html", {"admin": admin})
    if known is not None:
        return _admin_join_known(request, token, admin, known)
    return _admin_join_new(request, token, admin)


def _admin_join_known(request: HttpRequest, token: str, admin: SecurityAdmin, known: User) -> HttpResponse:
    if request.user != known:
        return render(request, "portal/admin_join.html", {"admin": admin, "is_sign_in_needed": True})
    if request.method != "POST":
        return render(request, "portal/admin_join.html", {"admin": admin})
    actor, now = acting(request)
    security_admin_accept(token=token, user=known, actor=actor, now=now)
    return done(request, _("You manage licenses for %(owner)s now.") % {"owner": admin.company}, url="/")


def _admin_join_new(request: HttpRequest, token: str, admin: SecurityAdmin) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "portal/admin_join.html", {"admin": admin, "form": form}, status=status)
    actor, now = acting(request)
    with transaction.atomic():
        person = user_create(
            actor=actor,
            company=admin.company,
            email=admin.email,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password"],
            now=now,
        )
        email_confirm(person)
        security_admin_accept(token=token, user=person, actor=actor, now=now)
    return _sign_in(request, person)


def _slow_down(request: HttpRequest) -> None:
    rate_limit(key=f"invite:{client_ip(request)}", limit=60, window=timedelta(hours=1), now=read_clock())


def _sign_in(request: HttpRequest, person: User) -> HttpResponse:
    response = perform_login(request, person, redirect_url=reverse("portal:dashboard"))
    return response if isinstance(response, HttpResponse) else redirect("portal:dashboard")
