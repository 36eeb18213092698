"""An invitation as the invited person sees it: choose a password, and work here."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.account.utils import perform_login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request, client_ip
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_manager.console.people_forms import JoinForm
from seatkeep_manager.directory.models import User
from seatkeep_manager.rights.inviting import invitation_accept, invitation_open

SESSION_KEY = "invitation"
TRIES_AN_HOUR = 60


@login_not_required
@require_safe
def invite(request: HttpRequest, token: str) -> HttpResponse:
    """Take the secret out of the address: it must not stay in the history or go out as referrer."""
    _slow_down(request)
    request.session[SESSION_KEY] = token
    return redirect("console:join")


@login_not_required
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Accept an invitation: name and password make the account."""
    _slow_down(request)
    now = clock_now()
    invitation = invitation_open(str(request.session.get(SESSION_KEY, "")), now=now)
    form = JoinForm(request.POST or None, email=invitation.email)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "console/join.html", {"form": form, "invitation": invitation}, status=status)
    with transaction.atomic():
        person = invitation_accept(
            invitation=invitation, name=form.cleaned_data["name"], password=form.cleaned_data["password"],
            actor=actor_from_request(request), now=now,
        )  # fmt: skip
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    return _sign_in(request, person)


def _sign_in(request: HttpRequest, person: User) -> HttpResponse:
    response = perform_login(request, person, redirect_url=reverse("console:problems"))
    return response if isinstance(response, HttpResponse) else redirect("console:problems")


def _slow_down(request: HttpRequest) -> None:
    rate_limit(key=f"invite:{client_ip(request)}", limit=TRIES_AN_HOUR, window=timedelta(hours=1), now=clock_now())
