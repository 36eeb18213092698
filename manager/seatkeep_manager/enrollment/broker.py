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
from typing import Any
from uuid import UUID

import nkeys
from django.conf import settings
from seatkeep_protocol.ids import CompanyId, DeviceId
from seatkeep_protocol.subjects import agent_tags
from seatkeep_webkit.errors import UnavailableError

JWT_LIFE = timedelta(days=7)
NO_COMPANY = CompanyId("0" * 32)
"""Stands for "no company" in tags and keys: what is Unassigned."""


def company_hex(company_hub_id: UUID | None) -> CompanyId:
    """A company as it stands in tags, keys and audiences."""
    return CompanyId(company_hub_id.hex) if company_hub_id else NO_COMPANY


def broker_jwt(*, nkey: str, device: DeviceId, company: CompanyId, now: datetime) -> str:
    """A user JWT for an agent, good for 7 days; it carries tags and no permissions of its own.

    Args:
        nkey: The agent's public key (U…).
        device: 32 hex digits.
        company: 32 hex digits; see `company_hex`.
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
            "tags": agent_tags(device, company),
        },
    }
    digest = hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).digest()
    claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signing_input = f"{_segment({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_segment(claims)}"
    return f"{signing_input}.{_base64(issuer.sign(signing_input.encode()))}"


@cache
def _signing_key(path: str) -> Any:
    if not path:
        raise UnavailableError("SEATKEEP_NATS_EDGE_SIGNING_SEED is not set; devices cannot be let in.")
    return nkeys.from_seed(Path(path).read_bytes().strip())


def _segment(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
