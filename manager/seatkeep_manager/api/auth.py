"""Who calls the API: a signed-in person's session (with CSRF), or a bearer token."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth
from seatkeep_webkit.actors import Actor, ActorKind, client_ip
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotAllowedError

from seatkeep_manager.directory.access import may_everywhere
from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.directory.models import User
from seatkeep_manager.rights.api_clients import token_account


class TokenAuth(HttpBearer):
    """`Authorization: Bearer skt_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Act as the token's service account."""
        account = token_account(token, now=clock_now())
        if account is None:
            return None
        request.user = account
        actor = Actor(kind=ActorKind.USER, id=str(account.uid), label=account.name, ip=client_ip(request))
        cast("Any", request).actor = actor
        return account


AUTH = [TokenAuth(), SessionAuth()]


def caller(request: HttpRequest) -> User:
    """The authenticated account."""
    return cast("User", request.user)


def require_admin(request: HttpRequest, functionality: Functionality = Functionality.SETTINGS) -> User:
    """The account, which may change something for the whole instance.

    Raises:
        NotAllowedError: It may not.
    """
    user = caller(request)
    if not may_everywhere(user, functionality):
        raise NotAllowedError
    return user
