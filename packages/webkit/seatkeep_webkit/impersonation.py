"""Acting as somebody of a company below: a person who supports others sees exactly what those see.

The session stays the real person's own; each request only puts the other one in the place of `request.user`, after
asking the project again whether that is still allowed. What belongs to a person alone, and what cannot be taken back,
is refused meanwhile.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.conf import webkit_settings
from seatkeep_webkit.errors import NotAllowedError
from seatkeep_webkit.middleware import refused_response

SESSION_KEY = "impersonation"
LIFETIME = timedelta(hours=1)
PERSONAL_PATHS = ("/accounts/", "/identity/", "/me/")
"""Sign-in, second factors, sessions and preferences: they stay the person's own."""
LEAVING_PATHS = ("/accounts/logout/", "/me/return/")

_F = TypeVar("_F", bound=Callable[..., Any])


class ImpersonatingError(NotAllowedError):
    """This cannot be done while acting as somebody else. Return to yourself first."""

    code = "impersonating"
    message = gettext_lazy("This cannot be done while acting as somebody else. Return to yourself first.")


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Who really sits there.

    Attributes:
        person: The person who signed in.
        until: When it ends by itself, aware UTC.
    """

    person: Any
    until: datetime


class ImpersonationMiddleware:
    """Puts the person acted as in the place of `request.user`; stands directly behind authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look whether somebody is acted as, and whether that still holds."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            _stand_in(request, request.session[SESSION_KEY])
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """Keep the pages that belong to a person alone out of reach."""
        if not request.path.startswith(PERSONAL_PATHS) or request.path.startswith(LEAVING_PATHS):
            return None
        try:
            impersonation_refuse(request)
        except ImpersonatingError as error:
            return refused_response(request, error)
        return None


def impersonation_of(request: HttpRequest) -> Impersonation | None:
    """Return who really sits there; None when people act as themselves."""
    return getattr(request, "impersonation", None)


def impersonation_begin(request: HttpRequest, uid: UUID) -> datetime:
    """Act as the person `uid` from the next request on; whether that is allowed is the caller's check.

    Returns:
        When it ends by itself.
    """
    until = read_clock() + LIFETIME
    request.session[SESSION_KEY] = {"user": str(uid), "until": until.timestamp()}
    return until


def impersonation_end(request: HttpRequest) -> None:
    """Be oneself again. Idempotent."""
    request.session.pop(SESSION_KEY, None)


def impersonation_note(request: HttpRequest, target: Any, action: str) -> None:
    """Note that somebody begins (`user:impersonate`) or ends (`user:return`) to act as `target`."""
    from seatkeep_webkit.actors import actor_from_request
    from seatkeep_webkit.audit.services import audit_record  # The journal's models need the apps to be ready.

    audit_record(
        actor=actor_from_request(request),
        action=action,
        subject_type="user",
        subject_id=str(target.uid),
        company_uid=getattr(getattr(target, "company", None), "uid", None),
        details={"email": target.email},
        now=read_clock(),
    )


def impersonation_refuse(request: HttpRequest) -> None:
    """Refuse an act while somebody else is acted as, and note that it was tried.

    Raises:
        ImpersonatingError: Somebody is acted as.
    """
    if impersonation_of(request) is None:
        return
    from seatkeep_webkit.audit.refusals import refusal_record  # The journal's models need the apps to be ready.

    refusal_record(request, ImpersonatingError.code)
    raise ImpersonatingError


def refuse_while_impersonating(view: _F) -> _F:
    """Refuse a view or an API operation while somebody else is acted as; stands directly above the function.

    For what cannot be taken back and for what is secret or personal: remove a company, show a key, set a password.
    """

    @wraps(view)
    def refuse_or_run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        impersonation_refuse(request)
        return view(request, *args, **kwargs)

    # An API operation is described by its annotations, which are words of the module that it stands in.
    refuse_or_run.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
    return cast("_F", refuse_or_run)


def _stand_in(request: HttpRequest, asked: dict[str, Any]) -> None:
    person = request.user
    until = datetime.fromtimestamp(asked["until"], tz=UTC)
    target = _target(person, UUID(asked["user"])) if person.is_authenticated and read_clock() < until else None
    if target is None:
        impersonation_end(request)
        messages.info(request, _("You are yourself again."))
        return
    request.impersonation = Impersonation(person, until)  # type: ignore[attr-defined]  # read back by impersonation_of
    request.user = target  # type: ignore[assignment]  # the project's own person


def _target(person: Any, uid: UUID) -> AbstractBaseUser | None:
    name = webkit_settings().impersonated
    found: AbstractBaseUser | None = import_string(name)(person, uid) if name else None
    return found
