"""Who acts: every write names its actor, and the audit journal keeps it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.http import HttpRequest


class ActorKind(StrEnum):
    """What kind of actor it is."""

    USER = "USER"
    INSTANCE = "INSTANCE"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts.

    Attributes:
        kind: A person, an instance, an agent, the program itself, or the operator at the command line.
        id: Stable id within the kind, such as the user's uid.
        label: What people recognize, such as the e-mail address.
        company_uid: The company in whose name it acts, when there is one.
        impersonator: Label of the person behind it while impersonating.
        ip: Address that the request came from.
        scopes: What a token may do, such as `licenses:read`; None for whoever is not limited by scopes.
    """

    kind: ActorKind
    id: str
    label: str
    company_uid: UUID | None = None
    impersonator: str | None = None
    ip: str | None = None
    scopes: frozenset[str] | None = None

    @classmethod
    def system(cls, name: str) -> Actor:
        """Return the program itself, acting in the named part."""
        return cls(kind=ActorKind.SYSTEM, id=name, label=name)

    @classmethod
    def operator(cls, name: str) -> Actor:
        """Return the person at the command line of the server."""
        return cls(kind=ActorKind.OPERATOR, id=name, label=name)


def actor_pack(actor: Actor) -> dict[str, Any]:
    """Return an actor as plain JSON, so that a job can act in the same name and with the same access later."""
    kept = asdict(actor)
    kept["kind"] = actor.kind.value
    kept["company_uid"] = str(actor.company_uid) if actor.company_uid else None
    kept["scopes"] = None if actor.scopes is None else sorted(actor.scopes)
    return kept


def actor_unpack(kept: Mapping[str, Any]) -> Actor:
    """Return the actor that `actor_pack` kept."""
    uid, scopes = kept.get("company_uid"), kept.get("scopes")
    values = {
        **kept,
        "kind": ActorKind(kept["kind"]),
        "company_uid": UUID(uid) if uid else None,
        "scopes": None if scopes is None else frozenset(scopes),
    }
    return Actor(**values)


def actor_from_request(request: HttpRequest) -> Actor:
    """Return who sends this request.

    An API's authentication sets `request.actor`; pages use the signed-in person. `request.company_uid` and who really
    sits there while somebody else is acted as are taken over. An anonymous request acts as the system part "anonymous".
    """
    given = getattr(request, "actor", None)
    if isinstance(given, Actor):
        return given
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Actor(kind=ActorKind.SYSTEM, id="anonymous", label="anonymous", ip=client_ip(request))
    behind = getattr(getattr(request, "impersonation", None), "person", None)
    return Actor(
        kind=ActorKind.USER,
        id=str(getattr(user, "uid", user.pk)),
        label=str(user.get_username()),
        company_uid=getattr(request, "company_uid", None),
        impersonator=str(behind.get_username()) if behind is not None else None,
        ip=client_ip(request),
    )


def client_ip(request: HttpRequest) -> str | None:
    """Return the address of the client, or None when it is not known.

    `X-Forwarded-For` is believed only from the front door, which runs on this machine: a direct connection from
    elsewhere cannot choose its own address. Of the list the last entry counts, because the front door wrote it.
    """
    peer = _address(request.META.get("REMOTE_ADDR", ""))
    is_front_door = peer is None or ipaddress.ip_address(peer).is_loopback
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return (_address(forwarded) or peer) if is_front_door else peer


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
