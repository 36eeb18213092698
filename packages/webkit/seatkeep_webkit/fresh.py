"""Whether somebody proved who they are minutes ago: what shows many secrets at once asks for it."""

from __future__ import annotations

import time

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate, get_reauthentication_flows
from django.http import HttpRequest


def is_freshly_signed_in(request: HttpRequest) -> bool:
    """Whether the person of a session gave a password or second factor, or came from the other site, just now.

    Who has neither here signed in at the other site: then that sign-in has to be recent.
    """
    if not request.user.is_authenticated:
        return False
    if get_reauthentication_flows(request.user) and did_recently_reauthenticate(request):
        return True
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def has_own_proof(request: HttpRequest) -> bool:
    """Whether the person has a password or second factor of this site, which `/accounts/reauthenticate/` asks for."""
    return bool(get_reauthentication_flows(request.user))
