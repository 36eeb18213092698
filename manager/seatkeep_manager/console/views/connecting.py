"""A console that nobody linked yet.

Nobody can sign in before the link stands, and the company whose Security Admin approves it owns it. So its code is
shown only to whoever opened the one-time link that `seatkeep up` printed; everybody else reads where that link stands.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from seatkeep_webkit.actors import actor_from_request, client_ip
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.errors import HubAlreadyLinkedError, SetupTokenWrongError
from seatkeep_manager.hublink.models import HubLink
from seatkeep_manager.hublink.rules import is_setup_token
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.hublink.services import link_start

TRIES, TRIES_WITHIN = 10, timedelta(minutes=15)
OPEN_KEY = "connect_is_open"
"""In the session of a browser that opened the one-time link."""


@login_not_required
@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    """`/connect/?token=` opens the page for this browser; without a link to Licensing, whoever comes ends up here.

    Raises:
        SetupTokenWrongError: The token is not the one of this console.
        RateLimitedError: Too many tokens from one address.
    """
    link = link_get()
    if link.state == LinkState.LINKED:
        return redirect("console:problems")
    if "token" in request.GET:
        _open(request)
        return redirect("console:connect")
    return render(request, "console/connect.html", _context(request, link))


@login_not_required
@require_safe
def connect_live(request: HttpRequest) -> HttpResponse:
    """The same, polled each second; goes on to the sign-in when somebody approved."""
    link = link_get()
    if link.state == LinkState.LINKED:
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("console:problems")})
    return render(request, "console/parts/connect_state.html", _context(request, link))


@login_not_required
@require_POST
def connect_start(request: HttpRequest) -> HttpResponse:
    """Ask Licensing for a code, or for a new one.

    Raises:
        SetupTokenWrongError: This browser did not open the one-time link.
        HubUnreachableError, HubNonsenseError, HubRefusedError: From Licensing; the page can be tried again.
        RateLimitedError: Asked too often from one address.
    """
    if link_get().state == LinkState.LINKED:
        return redirect("console:problems")
    if not _is_open(request):
        raise SetupTokenWrongError
    now = clock_now()
    rate_limit(key=f"connect:{client_ip(request)}", limit=TRIES, window=TRIES_WITHIN, now=now)
    try:
        link_start(actor=actor_from_request(request), now=now)
    except HubAlreadyLinkedError:
        return redirect("console:problems")
    return redirect("console:connect")


def _open(request: HttpRequest) -> None:
    rate_limit(key=f"connect-token:{client_ip(request)}", limit=TRIES, window=TRIES_WITHIN, now=clock_now())
    if not is_setup_token(request.GET["token"], expected=settings.SETUP_TOKEN):
        raise SetupTokenWrongError
    request.session.cycle_key()
    request.session[OPEN_KEY] = True


def _is_open(request: HttpRequest) -> bool:
    return bool(request.session.get(OPEN_KEY))


def _context(request: HttpRequest, link: HubLink) -> dict[str, object]:
    is_open = _is_open(request)
    return {"is_open": is_open, "link": link if is_open else None, "licensing_url": settings.LICENSING_URL}
