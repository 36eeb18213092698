"""The sign-in page of the console."""

from __future__ import annotations

from allauth.account.views import login as account_login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.selectors import link_get
from seatkeep_manager.rights.selectors import native_exists


@login_not_required
def login(request: HttpRequest) -> HttpResponseBase:
    """Sign in; before the console is linked only native people can, so without any there is the page that links it."""
    if request.method == "GET" and link_get().state != LinkState.LINKED and not native_exists():
        return redirect("console:connect")
    page: HttpResponseBase = account_login(request)
    return page
