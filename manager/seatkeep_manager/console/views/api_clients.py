"""API clients: programs with a secret of their own, at groups and with functions that somebody chose."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.details import detail_response
from seatkeep_webkit.dialogs import Confirm, FormDialog, done
from seatkeep_webkit.errors import AppError, NotAllowedError

from seatkeep_manager.console.people import viewer
from seatkeep_manager.console.people_forms import ClientForm
from seatkeep_manager.console.views.users import offers
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.rights.api_clients import token_create, token_revoke, token_rotate
from seatkeep_manager.rights.granting import program_check
from seatkeep_manager.rights.models import ApiToken
from seatkeep_manager.rights.selectors import client_get, clients_visible

LISTED = 200


@require_safe
def api_clients(request: HttpRequest) -> HttpResponse:
    """Programs that work."""
    user = _user(request, AccessLevel.READ)
    clients = clients_visible(user).prefetch_related("account__grants__group", "account__grants__permission_set")
    context = {"clients": clients[:LISTED], "can_make": may(user, Functionality.API_CLIENTS, AccessLevel.WRITE)}
    return render(request, "console/api_clients.html", context)


@require_http_methods(["GET", "POST"])
def api_client_new(request: HttpRequest) -> HttpResponse:
    """Make an API client; its secret is shown once."""
    user = _user(request, AccessLevel.WRITE)
    form = ClientForm(request.POST or None, **offers(user, Functionality.API_CLIENTS))
    lines = [_("It acts in its own name, never for a person, so it goes on when somebody leaves.")]
    dialog = FormDialog(request, form, title=_("New API client"), label=_("Make client"), lines=lines)
    if not dialog.is_valid:
        return dialog.response()
    given = form.given()
    try:
        program_check(user, **given)
        token, secret = token_create(
            actor=actor_from_request(request), name=form.cleaned_data["name"], made_by=user, now=clock_now(), **given
        )
    except AppError as error:
        return dialog.refuse(error)
    return _secret(request, token, secret)


@require_http_methods(["GET", "POST"])
def api_client_rotate(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Give a client another secret."""
    token = client_get(viewer(request), uid=uid)
    dialog = Confirm(
        request, title=_("Another secret for %(name)s") % {"name": token.name}, label=_("Make secret"),
        lines=[_("The secret that it has is refused from now on.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    return _secret(request, token, token_rotate(actor=actor_from_request(request), token=token, now=clock_now()))


@require_http_methods(["GET", "POST"])
def api_client_revoke(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Stop a client after a question."""
    token = client_get(viewer(request), uid=uid)
    dialog = Confirm(
        request, title=_("Stop the API client %(name)s") % {"name": token.name}, label=_("Stop"), is_danger=True,
        lines=[_("The program that uses it is refused from now on.")],
    )  # fmt: skip
    if not dialog.is_confirmed:
        return dialog.response()
    token_revoke(actor=actor_from_request(request), token=token, now=clock_now())
    return done(request, _("Stopped."), url=reverse("console:api-clients"))


def _user(request: HttpRequest, level: AccessLevel) -> User:
    user = viewer(request)
    if not may(user, Functionality.API_CLIENTS, level):
        raise NotAllowedError
    return user


def _secret(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    response = detail_response(request, "console/api_client.html", {"token": token, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response
