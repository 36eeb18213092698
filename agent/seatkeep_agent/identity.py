"""Who this device is to the manager, as enrollment said it."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import datetime, timedelta

import msgspec
from seatkeep_license.encoding import instant_of
from seatkeep_machine.network import proxy_of
from seatkeep_protocol.documents import Addresses
from seatkeep_protocol.subjects import company_of_tags

from seatkeep_agent.store import Store

IDENTITY = "identity"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What enrollment gave; later documents and JWTs update it.

    Attributes:
        device: 32 hex digits.
        company: 32 hex digits; follows the device document.
        instance: 32 hex digits.
        root_key: JWK of the instance's root key, pinned for good.
        min_version: The lowest version of the device document that may be taken.
        jwt: The broker's user JWT.
        console: Addresses of the console for devices, best first.
        licensing: Addresses of licensing for devices, best first.
        nats: Addresses of the broker, best first.
    """

    device: str
    company: str
    instance: str
    root_key: dict[str, str]
    min_version: int
    jwt: str
    console: list[str]
    licensing: list[str]
    nats: list[str]

    def with_addresses(self, addresses: Addresses) -> Identity:
        """The same with the addresses of a signed document; empty lists leave the known ones."""
        return msgspec.structs.replace(
            self,
            console=addresses.console or self.console,
            licensing=addresses.licensing or self.licensing,
            nats=addresses.nats or self.nats,
        )

    def urls(self) -> list[str]:
        """Every server that this device must reach, and the proxy by which it does."""
        known = [*self.console, *self.licensing, *self.nats]
        return [*known, *{proxy for url in known if (proxy := proxy_of(url))}]


def identity_load(store: Store) -> Identity | None:
    """Who we are; None before enrollment."""
    return store.fact(IDENTITY, Identity)


def identity_save(store: Store, identity: Identity) -> None:
    """Remember who we are."""
    store.fact_set(IDENTITY, identity)


class _JwtTags(msgspec.Struct, frozen=True):
    tags: list[str] = []


class _JwtClaims(msgspec.Struct, frozen=True):
    iat: int
    exp: int = 0
    nats: _JwtTags = _JwtTags()


def jwt_renew_at(jwt: str) -> datetime | None:
    """When a broker JWT is at half its life; None when it never ends or cannot be read (the broker judges it)."""
    claims = _claims(jwt)
    if claims is None or claims.exp == 0:
        return None
    return instant_of(claims.iat) + timedelta(seconds=(claims.exp - claims.iat) / 2)


def jwt_company(jwt: str) -> str | None:
    """The company whose documents a broker JWT opens; None when it names none or cannot be read."""
    claims = _claims(jwt)
    return company_of_tags(claims.nats.tags) if claims else None


def _claims(jwt: str) -> _JwtClaims | None:
    """What a JWT says, unverified: only to know when to ask for the next."""
    try:
        payload = jwt.split(".")[1]
        return msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_JwtClaims)
    except (IndexError, ValueError, msgspec.MsgspecError):
        return None
