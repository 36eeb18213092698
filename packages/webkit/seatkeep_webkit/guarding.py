"""What holds for a signed-in session: second factor where it is asked for, and an end without clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.conf import webkit_settings
from seatkeep_webkit.errors import NotAllowedError
from seatkeep_webkit.impersonation import impersonation_of
from seatkeep_webkit.problems import problem_response

SEEN_KEY = "seen_at"
SEEN_NOTED_EVERY = timedelta(minutes=1)
ALWAYS_OPEN = ("/accounts/", "/static/", "/me/theme/", "/.well-known/")
"""What a person without the second factor still reaches: to set it up, and to sign out."""


class SecondFactorNeededError(NotAllowedError):
    """Your company asks everyone for a second factor. Set yours up first."""

    code = "second_factor_needed"
    message = gettext_lazy("Your company asks everyone for a second factor. Set yours up first.")


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """How a person has to sign in.

    Attributes:
        requires_second_factor: Without one only its set-up is reached.
        idle: Time without a request after which the session ends; None for never.
    """

    requires_second_factor: bool = False
    idle: timedelta | None = None


class SessionGuardMiddleware:
    """Judges every request of a signed-in session; stands behind authentication and impersonation."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        name = webkit_settings().sign_in_policy
        self.policy_of: Callable[[Any], SignInPolicy] | None = import_string(name) if name else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """End an idle session, send whoever lacks the factor to its set-up, and note that somebody was seen."""
        if not request.user.is_authenticated or request.path.startswith("/static/"):
            return self.get_response(request)
        policy = self.policy_of(_real_person(request)) if self.policy_of else SignInPolicy()
        if _is_idle(request, policy):
            return _signed_out(request)
        _note_seen(request)
        if policy.requires_second_factor and not _may_pass(request):
            return _to_set_up(request)
        return self.get_response(request)


def _real_person(request: HttpRequest) -> Any:
    behind = impersonation_of(request)
    return behind.person if behind else request.user


def _is_idle(request: HttpRequest, policy: SignInPolicy) -> bool:
    seen = request.session.get(SEEN_KEY)
    if policy.idle is None or seen is None:
        return False
    return read_clock() - datetime.fromtimestamp(seen, tz=UTC) > policy.idle


def _note_seen(request: HttpRequest) -> None:
    """At most once a minute, so that reading pages writes next to nothing."""
    now, seen = read_clock(), request.session.get(SEEN_KEY)
    if seen is None or now.timestamp() - seen > SEEN_NOTED_EVERY.total_seconds():
        request.session[SEEN_KEY] = now.timestamp()
        UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)


def _may_pass(request: HttpRequest) -> bool:
    if request.path.startswith(ALWAYS_OPEN):
        return True
    factors = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=_real_person(request), type__in=factors).exists())


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    logout(request)
    messages.info(request, _("You were signed out because nothing was clicked for a while."))
    return _send(request, reverse("account_login"))


def _to_set_up(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith("/api/"):
        return problem_response(SecondFactorNeededError(), request)
    messages.warning(request, SecondFactorNeededError().detail)
    return _send(request, reverse("mfa_index"))


def _send(request: HttpRequest, url: str) -> HttpResponseBase:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
