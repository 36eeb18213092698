"""Who looks at a page, and links that leave the program."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from seatkeep_webkit.actors import Actor, actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.errors import SignInNeededError

from seatkeep_hub.companies.models import User


def viewer_of(request: HttpRequest) -> User:
    """The signed-in person.

    Raises:
        SignInNeededError: Nobody is signed in (the middleware sends people to the sign-in page before that).
    """
    if not isinstance(request.user, User):
        raise SignInNeededError
    return request.user


def acting(request: HttpRequest) -> tuple[Actor, datetime]:
    """Who acts, for the audit journal, and when."""
    return actor_from_request(request), read_clock()


def link_out(path: str) -> str:
    """A full address of this site, for mail and links to copy."""
    return f"{settings.LICENSING_URL}{path}"
