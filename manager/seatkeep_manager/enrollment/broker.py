"""Credentials for the broker: a user JWT by the scoped signing key, whose template the account's JWT holds.

The manager has only this key; operator and account keys stay with the launcher (DESIGN §4).
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import nkeys
from django.conf import settings
from seatkeep_license.encoding import b64url_decode
from seatkeep_license.errors import TokenMalformedError
from seatkeep_protocol.ids import CompanyId, DeviceId
from seatkeep_protocol.subjects import agent_key_tag, agent_tags
from seatkeep_webkit.errors import UnavailableError

JWT_LIFE = timedelta(days=7)
NO_COMPANY = CompanyId("0" * 32)
"""Stands for "no company" in tags and keys: what is Unassigned."""


def company_hex(company_hub_id: UUID | None) -> CompanyId:
    """A company as it stands in tags, keys and audiences."""
    return CompanyId(company_hub_id.hex) if company_hub_id else NO_COMPANY


def broker_jwt(*, nkey: str, device: DeviceId, company: CompanyId, agent_thumbprint: str, now: datetime) -> str:
    """A user JWT for an agent, good for 7 days; it carries tags and no permissions of its own.

    Args:
        nkey: The agent's public key (U…).
        device: 32 hex digits.
        company: 32 hex digits; see `company_hex`.
        agent_thumbprint: The agent's key, so that the JWT also proves later who was let in (see `broker_jwt_open`).
        now: Current time, aware UTC.

    Raises:
        UnavailableError: This manager has no signing key.
    """
    issuer = _signing_key(settings.NATS_EDGE_SIGNING_SEED)
    claims: dict[str, Any] = {
        "jti": "",
        "iat": int(now.timestamp()),
        "exp": int((now + JWT_LIFE).timestamp()),
        "iss": issuer.public_key.decode(),
        "name": device,
        "sub": nkey,
        "nats": {
            "type": "user",
            "version": 2,
            "issuer_account": settings.NATS_EDGE_ACCOUNT,
            "tags": [*agent_tags(device, company), agent_key_tag(agent_thumbprint)],
        },
    }
    digest = hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).digest()
    claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signing_input = f"{_segment({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_segment(claims)}"
    return f"{signing_input}.{_base64(issuer.sign(signing_input.encode()))}"


class Voucher(NamedTuple):
    """What a broker JWT of our own hand says of a device.

    Attributes:
        nkey: The agent's public key (U…).
        device: 32 hex digits.
        company: 32 hex digits; that of the day of issue.
        key_tag: See `agent_key_tag`.
    """

    nkey: str
    device: str
    company: str
    key_tag: str


def broker_jwt_open(jwt: str) -> Voucher | None:
    """Read a broker JWT that this instance signed, however old; None when it did not.

    It gives no access by that: it is our own word, from before a loss of memory, that we let a device in.
    """
    issuer = _signing_key(settings.NATS_EDGE_SIGNING_SEED)
    signed, _, signature = jwt.rpartition(".")
    try:
        issuer.verify(signed.encode(), b64url_decode(signature.encode()))
        claims = msgspec.json.decode(b64url_decode(signed.split(".")[1].encode()), type=_UserClaims)
    except (IndexError, ValueError, TokenMalformedError, nkeys.NkeysError, UnicodeError, msgspec.MsgspecError):
        return None
    tags = dict(tag.partition(":")[::2] for tag in claims.nats.tags)
    if claims.nats.type != "user" or not {"device", "company", "agent"} <= tags.keys():
        return None
    return Voucher(claims.sub, tags["device"], tags["company"], f"agent:{tags['agent']}")


class _UserTags(msgspec.Struct, frozen=True):
    type: str
    tags: list[str]


class _UserClaims(msgspec.Struct, frozen=True):
    sub: str
    nats: _UserTags


@cache
def _signing_key(path: str) -> Any:
    if not path:
        raise UnavailableError("SEATKEEP_NATS_EDGE_SIGNING_SEED is not set; devices cannot be let in.")
    return nkeys.from_seed(Path(path).read_bytes().strip())


def _segment(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
