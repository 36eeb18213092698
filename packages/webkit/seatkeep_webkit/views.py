"""Pages and small posts that both sites share: preferences, theme, column choice."""

from __future__ import annotations

import sys
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.defaults import server_error as default_server_error

from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.clock import now
from seatkeep_webkit.errors import InvalidError, UnavailableError
from seatkeep_webkit.identity import Theme, time_zones
from seatkeep_webkit.impersonation import impersonation_end, impersonation_note, impersonation_of
from seatkeep_webkit.middleware import wants_json
from seatkeep_webkit.problems import app_error_from, problem_response
from seatkeep_webkit.sessions import session_end, sessions_of

MAX_PRESETS = 20
MAX_COLUMNS = 60


def preferences(request: HttpRequest) -> HttpResponse:
    """Show and save name, language, time zone and theme of the signed-in person."""
    form = _preferences_form()(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("webkit:preferences")
    return render(request, "webkit/preferences.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """The page of last resort: 503 when the database is away, else 500. Reads no session: that may be what failed."""
    error = app_error_from(sys.exc_info()[1] or Exception())  # type: ignore[arg-type]  # Only Exceptions get here.
    if not isinstance(error, UnavailableError):
        return default_server_error(request)
    if wants_json(request):
        return problem_response(error, request)
    content = get_template("503.html").render()
    return HttpResponse(content, status=error.status, headers={"Retry-After": error.extra["retry_after_seconds"]})


@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """Change the theme, for the person where one is signed in and for this browser."""
    chosen = request.POST.get("theme", "")
    if chosen not in Theme.values:
        raise InvalidError(fields={"theme": [_("Choose light, dark or auto.")]})
    if request.user.is_authenticated:
        get_user_model()._default_manager.filter(pk=request.user.pk).update(theme=chosen)
    response = HttpResponse(status=204) if request.headers.get("HX-Request") else redirect(_back(request))
    response.set_cookie("seatkeep_theme", chosen, max_age=365 * 24 * 3600, samesite="Lax", httponly=True)
    return response


def sessions(request: HttpRequest) -> HttpResponse:
    """Show where the signed-in person is signed in."""
    return render(request, "webkit/sessions.html", {"sessions": sessions_of(request.user)})


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End one of the own sessions, or all others; what is another person's does not exist here."""
    number, own = request.POST.get("session", ""), request.session.session_key
    others = [one for one in sessions_of(request.user) if one.session_key != own]
    chosen = [one for one in others if not number or str(one.pk) == number]
    for session in chosen:
        session_end(session)
    if chosen:
        person: Any = request.user
        audit_record(
            actor=actor_from_request(request),
            action="session:end",
            subject_type="user",
            subject_id=str(person.uid),
            company_uid=getattr(getattr(person, "company", None), "uid", None),
            details={"sessions": len(chosen)},
            now=now(),
        )
    count = len(chosen)
    messages.success(request, ngettext("%(n)s session ended.", "%(n)s sessions ended.", count) % {"n": count})
    return redirect("webkit:sessions")


@require_POST
def impersonation_return(request: HttpRequest) -> HttpResponse:
    """Be oneself again."""
    if impersonation_of(request) is not None:
        impersonation_note(request, request.user, "user:return")
    impersonation_end(request)
    return redirect("/")


@require_POST
def table_preferences(request: HttpRequest, name: str) -> HttpResponse:
    """Save which columns of a table are shown, or a filter preset, for this person."""
    person: Any = request.user
    own = dict(person.preferences.get("tables", {}).get(name, {}))
    if "columns" in request.POST:
        own["columns"] = request.POST.getlist("columns")[:MAX_COLUMNS]
    if request.POST.get("preset"):
        own["presets"] = _presets(own.get("presets", []), request.POST["preset"], request.POST.get("query", ""))
    if "forget" in request.POST:
        own["presets"] = [preset for preset in own.get("presets", []) if preset["name"] != request.POST["forget"]]
    person.preferences = {
        **person.preferences,
        "tables": {**person.preferences.get("tables", {}), name: own},
    }
    person.save(update_fields=["preferences"])
    return redirect(_back(request))


def _presets(presets: list[dict[str, str]], name: str, query: str) -> list[dict[str, str]]:
    kept = [preset for preset in presets if preset["name"] != name]
    return [*kept, {"name": name[:60], "query": query[:1000]}][-MAX_PRESETS:]


def _preferences_form() -> type[forms.ModelForm[Any]]:
    zones = [(name, name.replace("_", " ")) for name in time_zones()]
    languages = [("", _("As the browser")), *settings.LANGUAGES]
    return forms.modelform_factory(
        get_user_model(),
        fields=["name", "language", "time_zone", "theme"],
        widgets={"time_zone": forms.Select(choices=zones), "language": forms.Select(choices=languages)},
    )


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.headers.get("Referer", "/")
    is_own = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_own else "/"
