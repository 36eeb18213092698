"""Pages for tokens of programs. They stand here because the console's pages know nothing of the API."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done

from seatkeep_manager.api.auth import require_admin
from seatkeep_manager.api.selectors import token_get, token_list
from seatkeep_manager.api.services import token_create, token_revoke
from seatkeep_manager.directory.enums import AccessLevel


class TokenForm(forms.Form):
    """A token for a program."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    level = forms.ChoiceField(
        label=gettext_lazy("May"),
        choices=[(AccessLevel.READ, gettext_lazy("Read")), (AccessLevel.WRITE, gettext_lazy("Read and change"))],
        widget=forms.RadioSelect,
        initial=AccessLevel.READ,
    )


@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """Tokens that work."""
    require_admin(request)
    return render(request, "api_pages/tokens.html", {"tokens": token_list()[:200]})


@require_http_methods(["GET", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token; its secret is shown once."""
    require_admin(request)
    form = TokenForm(request.POST or None)
    dialog = FormDialog(
        request,
        form,
        title=_("New API token"),
        label=_("Make token"),
        lines=[_("It acts in the whole console, never for a person, so it goes on when somebody leaves.")],
    )
    if not dialog.is_valid:
        return dialog.response()
    token, secret = token_create(
        actor=actor_from_request(request),
        name=form.cleaned_data["name"],
        level=AccessLevel(form.cleaned_data["level"]),
        now=clock_now(),
    )
    response = detail_response(request, "api_pages/token.html", {"token": token, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
def token_drop(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Revoke a token after a question."""
    require_admin(request)
    token = token_get(uid)
    dialog = Confirm(
        request,
        title=_("Revoke the token %(name)s") % {"name": token.name},
        label=_("Revoke"),
        is_danger=True,
        lines=[_("The program that uses it is refused from now on.")],
    )
    if not dialog.is_confirmed:
        return dialog.response()
    token_revoke(actor=actor_from_request(request), token=token, now=clock_now())
    return done(request, _("Revoked."), url=reverse("api-tokens"))
