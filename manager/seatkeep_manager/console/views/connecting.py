"""A console that nobody linked yet: nobody can sign in before, so this page is for whoever opens it first.

It shows what a Security Admin compares in Licensing. Nothing here is a secret, and the console is empty until then.
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
from seatkeep_manager.hublink.errors import HubAlreadyLinkedError
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.hublink.services import link_start

TRIES, TRIES_WITHIN = 10, timedelta(minutes=15)


@login_not_required
@require_safe
def connect(request: HttpRequest) -> HttpResponse:
    """The code of this console and where it is approved; for a linked one the way in."""
    link = link_get()
    if link.state == LinkState.LINKED:
        return redirect("console:problems")
    return render(request, "console/connect.html", {"link": link, "licensing_url": settings.LICENSING_URL})


@login_not_required
@require_safe
def connect_live(request: HttpRequest) -> HttpResponse:
    """The same, polled each second; goes on to the sign-in when somebody approved."""
    link = link_get()
    if link.state == LinkState.LINKED:
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("console:problems")})
    context = {"link": link, "licensing_url": settings.LICENSING_URL}
    return render(request, "console/parts/connect_state.html", context)


@login_not_required
@require_POST
def connect_start(request: HttpRequest) -> HttpResponse:
    """Ask Licensing for a code, or for a new one.

    Raises:
        HubUnreachableError, HubNonsenseError, HubRefusedError: From Licensing; the page can be tried again.
        RateLimitedError: Asked too often from one address.
    """
    now = clock_now()
    rate_limit(key=f"connect:{client_ip(request)}", limit=TRIES, window=TRIES_WITHIN, now=now)
    try:
        link_start(actor=actor_from_request(request), now=now)
    except HubAlreadyLinkedError:
        return redirect("console:problems")
    return redirect("console:connect")
