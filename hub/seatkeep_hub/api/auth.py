"""Who calls the API: a signed-in person, an integration token of a company, or a linked manager instance."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth
from seatkeep_webkit.actors import Actor, ActorKind, client_ip
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.api.errors import NotForInstancesError, OnlyForInstancesError, ReadOnlyTokenError
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.selectors import Viewer
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.models import ApiToken, Instance
from seatkeep_hub.instances.proof import call_verify
from seatkeep_hub.instances.tokens import PREFIX, token_find

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CompanyToken(HttpBearer):
    """`Authorization: Bearer skt_…`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The company's actor, or None when the token is not one of ours or was revoked."""
        found = token_find(token, now=read_clock()) if token.startswith(PREFIX) else None
        if found is None:
            return None
        if request.method not in SAFE_METHODS and found.level != TokenLevel.WRITE:
            raise ReadOnlyTokenError
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
        """The signed-in user."""
        return request.user if isinstance(request.user, User) and request.user.is_active else None


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
    )


def _act(request: HttpRequest, actor: Actor) -> Actor:
    request.actor = actor  # type: ignore[attr-defined]  # read back by webkit's actor_from_request
    return actor
