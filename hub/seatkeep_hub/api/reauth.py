"""Secrets are shown to people shortly after a password or second factor; a company's token is a secret itself."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.http import HttpRequest
from seatkeep_webkit.actors import Actor

from seatkeep_hub.api.errors import ReauthenticationNeededError


def recently_signed_in(request: HttpRequest) -> None:
    """See that the person behind a session proved who they are within the last minutes.

    Raises:
        ReauthenticationNeededError: They did not; the page `/accounts/reauthenticate/` asks them.
    """
    is_program = isinstance(getattr(request, "actor", None), Actor)
    if not is_program and not did_recently_reauthenticate(request):
        raise ReauthenticationNeededError
