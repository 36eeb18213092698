"""Middleware of both projects; `base_settings` puts it in order."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation

from seatkeep_webkit.conf import webkit_settings
from seatkeep_webkit.errors import AppError, SignInNeededError
from seatkeep_webkit.form_targets import FormTargets
from seatkeep_webkit.problems import problem_response
from seatkeep_webkit.ratelimit.services import RateState

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action {form_action}"
)


class HealthMiddleware:
    """Answers `/healthz` before anything else looks at the host or the session."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 200 when the database answers, 503 when it does not."""
        return _health() if request.path == "/healthz" else self.get_response(request)


class SecurityHeadersMiddleware:
    """A strict content security policy and its companions on every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.form_targets = FormTargets(webkit_settings().form_targets, webkit_settings().form_targets_from)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers; a view may have set a policy of its own."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _CSP.format(form_action=self.form_targets.text()))
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class RateLimitHeadersMiddleware:
    """Tells API clients what is left of their allowance, where one was counted (`request.rate_state`)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers."""
        response = self.get_response(request)
        state = getattr(request, "rate_state", None)
        if isinstance(state, RateState):
            state.set_headers(response)
        return response


class SignedInMiddleware(LoginRequiredMiddleware):
    """Every page needs a signed-in person unless it is marked `login_not_required` or lies under a public path.

    Under the public paths (APIs, device endpoints) authentication is each endpoint's own.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Send an anonymous visitor to the sign-in page."""
        if request.path.startswith(webkit_settings().public_paths):
            return None
        answer: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is not None and request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": answer.headers.get("Location", "/")})
        return answer


class PersonMiddleware:
    """Shows the person's own language and time zone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Activate them for this request."""
        language = getattr(request.user, "language", "")
        if language and translation.check_for_language(language):
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(_zone(getattr(request.user, "time_zone", ""))):
            return self.get_response(request)


class ErrorPagesMiddleware:
    """An AppError that a page raises becomes a page with the same status, or problem+json for who asked for JSON."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the work is in `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer an AppError; leave everything else to Django."""
        if not isinstance(error, AppError):
            return None  # See `seatkeep_webkit.views.server_error`.
        return refused_response(request, error)


def refused_response(request: HttpRequest, error: AppError) -> HttpResponse:
    """Answer an AppError as whoever asked can read it: a page, problem+json, or the way to sign in."""
    if wants_json(request):
        return problem_response(error, request)
    if isinstance(error, SignInNeededError):
        return redirect_to_login(request.get_full_path())
    return error_page(request, error)


@login_not_required
def error_page(request: HttpRequest, error: AppError) -> HttpResponse:
    """Render the designed page of an error, with its status."""
    response = render(request, "webkit/error.html", {"error": error}, status=error.status)
    retry_after = error.extra.get("retry_after_seconds")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def wants_json(request: HttpRequest) -> bool:
    """Tell whether a program asks, or a script of a page, so that problem+json is the right answer."""
    if request.headers.get("HX-Request"):
        return True
    return request.path.startswith("/api/") or request.get_preferred_type(["text/html", "application/json"]) == (
        "application/json"
    )


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def _health() -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database down"}, status=503)
    return JsonResponse({"status": "ok"})
