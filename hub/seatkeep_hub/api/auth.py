"""Who calls the API: a signed-in person, an integration token of a company, or a linked manager instance."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth
from seatkeep_webkit.actors import Actor, ActorKind, client_ip
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_hub.api.errors import NotForInstancesError, OnlyForInstancesError, ReadOnlyTokenError, ScopeMissingError
from seatkeep_hub.api.scopes import capability_of
from seatkeep_hub.companies.access import READS, WRITES
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import Viewer
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.errors import ApiNotAllowedError
from seatkeep_hub.instances.models import ApiToken, Instance
from seatkeep_hub.instances.proof import call_verify
from seatkeep_hub.instances.scopes import scope_covers
from seatkeep_hub.instances.tokens import PREFIX, token_find, token_scopes

CALLS_A_MINUTE = 1_200
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CompanyToken(HttpBearer):
    """`Authorization: Bearer skt_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The company's actor, or None when the token is not one of ours, has ended or was revoked.

        Raises:
            ReadOnlyTokenError: It changes something, and the token may only read.
            ScopeMissingError: The token is not let into this part of the API.
            RateLimitedError: It came too often.
        """
        found = token_find(token, now=read_clock()) if token.startswith(PREFIX) else None
        if found is None:
            return None
        api_rate(request, f"api-token:{found.uid}")
        _scope_check(request, found)
        return _act(request, _actor_of_token(found, request))


class SignedInstance(HttpBearer):
    """`Authorization: Bearer <seatkeep-instance+jwt>`: one call, signed by the instance's own key."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The instance's actor; None when the bearer is of another kind.

        Raises:
            CallRefusedError: The signature or a claim is wrong, it is a replay, or the instance is revoked.
        """
        if token.count(".") != 2:
            return None
        instance = call_verify(
            token,
            method=str(request.method),
            path=request.get_full_path(),
            body=request.body,
            now=read_clock(),
        )
        request.instance = instance  # type: ignore[attr-defined]  # read back by `instance_of`
        return _act(request, actor_of_instance(instance, request))


class SignedInPerson(SessionAuth):
    """The session of the pages, with CSRF protection."""

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """The signed-in user.

        Raises:
            ApiNotAllowedError: The person's switch for the API is off.
            RateLimitedError: They came too often.
        """
        if not isinstance(request.user, User) or not request.user.is_active:
            return None
        api_rate(request, f"api-person:{request.user.uid}")
        if not request.user.may_use_api:
            raise ApiNotAllowedError
        return request.user


EVERYONE = [CompanyToken(), SignedInstance(), SignedInPerson()]
"""The order matters: a bearer is judged before the session."""


def actor_of_instance(instance: Instance, request: HttpRequest | None = None) -> Actor:
    """An instance as actor: it sees its company's subtree."""
    return Actor(
        kind=ActorKind.INSTANCE,
        id=str(instance.uid),
        label=instance.name,
        company_uid=instance.company.uid,
        ip=client_ip(request) if request else None,
    )


def viewer_of(request: HttpRequest) -> Viewer:
    """Who asks, for the selectors. Routes for people and integrations call it.

    Raises:
        NotForInstancesError: A linked manager asks; it has routes of its own.
    """
    if getattr(request, "instance", None) is not None:
        raise NotForInstancesError
    return _caller(request)


def anyone_of(request: HttpRequest) -> Viewer:
    """Who asks, linked managers included."""
    return _caller(request)


def instance_of(request: HttpRequest) -> Instance:
    """The manager that signed this call.

    Raises:
        OnlyForInstancesError: Somebody else calls.
    """
    instance = getattr(request, "instance", None)
    if not isinstance(instance, Instance):
        raise OnlyForInstancesError
    return instance


def api_rate(request: HttpRequest, key: str) -> None:
    """Count a call; the answer says what is left (`RateLimit-*`).

    Raises:
        RateLimitedError: More than 1,200 in a minute.
    """
    request.rate_state = rate_limit(  # type: ignore[attr-defined]  # read back by webkit's RateLimitHeadersMiddleware
        key=key, limit=CALLS_A_MINUTE, window=timedelta(minutes=1), now=read_clock()
    )


def _scope_check(request: HttpRequest, token: ApiToken) -> None:
    scopes, is_write = token_scopes(token), request.method not in SAFE_METHODS
    if is_write and token.level != TokenLevel.WRITE:
        raise ReadOnlyTokenError
    capability = capability_of(request.path)
    if capability is None or not scope_covers(scopes, capability, is_write=is_write):
        needed = f"{capability.value}:{WRITES if is_write else READS}" if capability else "none"
        raise ScopeMissingError(scope=needed)


def _caller(request: HttpRequest) -> Viewer:
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor):
        return actor
    if isinstance(request.user, User):
        return request.user
    raise HttpError(401, "sign in")


def _actor_of_token(token: ApiToken, request: HttpRequest) -> Actor:
    return Actor(
        kind=ActorKind.INSTANCE,
        id=str(token.uid),
        label=f"API token {token.name}",
        company_uid=token.company.uid,
        ip=client_ip(request),
        scopes=token_scopes(token),
    )


def _act(request: HttpRequest, actor: Actor) -> Actor:
    request.actor = actor  # type: ignore[attr-defined]  # read back by webkit's actor_from_request
    return actor
