"""Who looks at a page, and what that person may do."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from seatkeep_webkit.errors import NotAllowedError, NotFoundError, SignInNeededError

from seatkeep_manager.directory.access import may_everywhere
from seatkeep_manager.directory.enums import Functionality
from seatkeep_manager.directory.models import User


def viewer(request: HttpRequest) -> User:
    """The signed-in person.

    Raises:
        SignInNeededError: Nobody is signed in.
    """
    if not request.user.is_authenticated:
        raise SignInNeededError
    return request.user


def viewer_is_admin(request: HttpRequest, functionality: Functionality = Functionality.SETTINGS) -> bool:
    """Whether the person may change something for the whole instance, such as the link and settings."""
    return may_everywhere(viewer(request), functionality)


def admin(request: HttpRequest, functionality: Functionality = Functionality.SETTINGS) -> User:
    """The signed-in person, who may change something for the whole instance.

    Raises:
        NotAllowedError: The person may not.
    """
    if not viewer_is_admin(request, functionality):
        raise NotAllowedError
    return viewer(request)


def audit_scope(request: HttpRequest) -> dict[str, str]:
    """Whose acts, or at which customer, the audit log was asked for: uids by name.

    Raises:
        NotFoundError: It is no uid.
    """
    asked = {name: request.GET[name] for name in ("person", "customer") if request.GET.get(name)}
    try:
        return {name: str(UUID(text)) for name, text in asked.items()}
    except ValueError as error:
        raise NotFoundError from error
