"""NATS keys and JWTs in pure Python: operator, accounts, users.

Nothing here touches a disk, a network or a clock.

Source: nats-io/jwt v2 (claims of type operator, account, user; scoped signing keys with permission templates).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import cast

import nkeys

Claims = dict[str, object]

TAG = re.compile(r"[a-z0-9_-]+:[a-z0-9_-]+")


class NatsJwtError(Exception):
    """A key or a claim of the broker is not in order."""


class KeyKind(Enum):
    """What a key stands for; its public form begins with this letter (O…, A…, U…)."""

    OPERATOR = nkeys.PREFIX_BYTE_OPERATOR
    ACCOUNT = nkeys.PREFIX_BYTE_ACCOUNT
    USER = nkeys.PREFIX_BYTE_USER


@dataclass(frozen=True)
class NatsKey:
    """One Ed25519 key in the form of NATS.

    Attributes:
        seed: The secret in base32 (`SO…`, `SA…`, `SU…`); keep it away from logs.
    """

    seed: str

    @classmethod
    def generate(cls, kind: KeyKind) -> NatsKey:
        """A new random key."""
        return cls(nkeys.encode_seed(secrets.token_bytes(32), kind.value).decode())

    @property
    def public(self) -> str:
        """The public key in base32."""
        return cast("bytes", self._pair().public_key).decode()

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature over `data`."""
        return cast("bytes", self._pair().sign(data))

    def __repr__(self) -> str:
        return f"NatsKey({self.public})"

    def _pair(self) -> nkeys.KeyPair:
        try:
            return nkeys.from_seed(self.seed.encode())
        except Exception as error:  # nkeys raises bare base classes and IndexError for bad seeds.
            raise NatsJwtError("this is not the seed of a NATS key") from error


def operator_jwt(*, operator: NatsKey, system_account: str, now: datetime) -> str:
    """The operator's own claim: whom this broker trusts."""
    return _encode(operator, operator.public, "seatkeep", _typed("operator", {"system_account": system_account}), now)


def account_jwt(
    *,
    operator: NatsKey,
    account: str,
    name: str,
    has_jetstream: bool,
    now: datetime,
    extra: Mapping[str, object] | None = None,
) -> str:
    """An account's claim, signed by the operator.

    Args:
        operator: The key that the broker trusts.
        account: Public key (A…) of the account.
        name: What people see in logs.
        has_jetstream: Whether the account may hold streams.
        now: Aware UTC.
        extra: More claims of the account: `exports`, `imports`, `signing_keys`, `default_permissions`, `revocations`.
    """
    storage = -1 if has_jetstream else 0
    limits = {
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": 0,
        "mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage,
    }  # fmt: skip
    return _encode(operator, account, name, _typed("account", {"limits": limits, **(extra or {})}), now)


def user_jwt(
    *,
    account: NatsKey,
    user: str,
    name: str,
    now: datetime,
    publish: Sequence[str] | None = None,
    subscribe: Sequence[str] | None = None,
) -> str:
    """A user's claim, signed by its account's own key; without lists the user may do all inside the account."""
    claims: Claims = {"subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {}}
    if publish is not None:
        claims["pub"] = {"allow": list(publish)}
    if subscribe is not None:
        claims["sub"] = {"allow": list(subscribe)}
    return _encode(account, user, name, _typed("user", claims), now)


def scoped_user_jwt(
    *,
    signing_key: NatsKey,
    account: str,
    user: str,
    name: str,
    tags: Sequence[str],
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A user's claim by a scoped signing key: no permission of its own, the account's template decides.

    Args:
        signing_key: The scoped key that the account's claim names.
        account: Public key (A…) of the account.
        user: Public key (U…) of the user.
        name: What people see in logs.
        tags: `key:value`, lower case, no dots or wildcards: they become parts of subjects.
        now: Aware UTC.
        lifetime: The claim ends at `now + lifetime`.

    Raises:
        NatsJwtError: A tag is not `key:value` of lower-case letters, digits, `_` and `-`.
    """
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise NatsJwtError(f"tag {tag!r} is not lower-case key:value")
    claims: Claims = {"issuer_account": account, "tags": list(tags)}
    return _encode(signing_key, user, name, _typed("user", claims), now, expires_at=now + lifetime)


def credentials(jwt: str, user: NatsKey) -> str:
    """The text of a `.creds` file: claim and seed of one user."""
    return (
        f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
    )


def _typed(kind: str, claims: Mapping[str, object]) -> Claims:
    return {"type": kind, "version": 2, **claims}


def _encode(
    issuer: NatsKey, subject: str, name: str, claims: Claims, now: datetime, *, expires_at: datetime | None = None
) -> str:
    payload: Claims = {
        "jti": "", "iat": int(now.timestamp()), "iss": issuer.public, "name": name, "sub": subject, "nats": claims,
    }  # fmt: skip
    if expires_at is not None:
        payload["exp"] = int(expires_at.timestamp())
    digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).digest()
    payload["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signed = f"{_part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_part(payload)}"
    return f"{signed}.{_base64(issuer.sign(signed.encode()))}"


def _part(value: Mapping[str, object]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
