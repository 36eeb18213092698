"""What a device asks the hub for: activate, renew, release; and how a manager instance signs its calls.

A device's request is signed by its own key, which stands in the header: the signature proves possession, the content
(ticket, license key, credential or lease) gives the right.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import msgspec

from seatkeep_license.encoding import b64url_encode, seconds_of
from seatkeep_license.errors import RequestMismatchError, TokenMalformedError
from seatkeep_license.jose import audience_check, claims_decode, expiry_check, freshness_check, open_signed, sign
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey

ACTIVATE_TYP = "seatkeep-activate+jwt"
RENEW_TYP = "seatkeep-renew+jwt"
RELEASE_TYP = "seatkeep-release+jwt"
INSTANCE_TYP = "seatkeep-instance+jwt"
INSTANCE_LIFE = timedelta(seconds=60)


class Credential(msgspec.Struct, frozen=True):
    """A product's user name and secret out of a license's credential set."""

    username: str
    secret: str


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the hub shows of a device; `agent_device` is its id at the manager, 32 hex digits."""

    name: str
    serial: str = ""
    os: str = ""
    agent_device: str | None = None


class _Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    aud: str
    iat: int
    jti: str


class ActivateRequest(_Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for a seat of a product, by exactly one of `ticket`, `license_key` and `credential`.

    Attributes:
        product: Product code.
        fp: Fingerprint digest: the stable identity of the device (see `seatkeep_protocol.fingerprint`).
        device: What the hub shows of it.
    """

    product: str
    fp: str
    device: DeviceInfo
    ticket: str | None = None
    license_key: str | None = None
    credential: Credential | None = None


class RenewRequest(_Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for the next lease of a seat.

    Attributes:
        lease: The last one, from which a restored hub recreates the seat.
        device: What that hub then shows of the device; a hub that knows the seat does not look at it.
    """

    seat: str
    seq: int
    lease: str
    device: DeviceInfo | None = None


class ReleaseRequest(_Request, frozen=True, kw_only=True, omit_defaults=True):
    """Give a seat back."""

    seat: str


class InstanceToken(msgspec.Struct, frozen=True, kw_only=True):
    """A manager instance's proof for one HTTP call; it lives 60 s.

    Attributes:
        iss: Instance uid.
        aud: The hub's licensing address for people.
        htm: HTTP method, upper case.
        htu: Path with query, as sent.
        bh: base64url SHA-256 of the body; of the empty body too.
    """

    iss: str
    aud: str
    iat: int
    exp: int
    jti: str
    htm: str
    htu: str
    bh: str


RequestT = TypeVar("RequestT", bound=_Request)
ClaimsT = TypeVar("ClaimsT", bound=msgspec.Struct)


class Proven(NamedTuple, Generic[ClaimsT]):
    """A request and the key whose possession it proves."""

    claims: ClaimsT
    key: VerifyKey


def activate_build(request: ActivateRequest, key: SigningKey) -> str:
    """Sign an activation request by the device's own key."""
    return sign(request, key, ACTIVATE_TYP, with_jwk=True)


def renew_build(request: RenewRequest, key: SigningKey) -> str:
    """Sign a renewal request by the device's own key."""
    return sign(request, key, RENEW_TYP, with_jwk=True)


def release_build(request: ReleaseRequest, key: SigningKey) -> str:
    """Sign a release request by the device's own key."""
    return sign(request, key, RELEASE_TYP, with_jwk=True)


def activate_verify(token: str | bytes, *, audience: str, now: datetime) -> Proven[ActivateRequest]:
    """Check an activation request; the right to a seat inside it is still to be judged.

    Args:
        token: The request body.
        audience: This hub's licensing address for devices.
        now: Current time, aware UTC.

    Raises:
        TokenError: See `jose.open_signed`; AudienceForeignError; ClockSkewError (`iat` more than 120 s away);
            TokenMalformedError also when not exactly one of ticket, license key and credential is there.
    """
    proven = _request_verify(token, ACTIVATE_TYP, ActivateRequest, audience, now)
    ways = (proven.claims.ticket, proven.claims.license_key, proven.claims.credential)
    if sum(way is not None for way in ways) != 1:
        raise TokenMalformedError("Exactly one of ticket, license_key and credential must be given.")
    return proven


def renew_verify(token: str | bytes, *, audience: str, now: datetime) -> Proven[RenewRequest]:
    """Check a renewal request; arguments and errors as `activate_verify`. The lease inside is not looked at."""
    return _request_verify(token, RENEW_TYP, RenewRequest, audience, now)


def release_verify(token: str | bytes, *, audience: str, now: datetime) -> Proven[ReleaseRequest]:
    """Check a release request; arguments and errors as `activate_verify`."""
    return _request_verify(token, RELEASE_TYP, ReleaseRequest, audience, now)


def body_hash(body: bytes) -> str:
    """Return the base64url SHA-256 of a request body, as `bh` carries it."""
    return b64url_encode(hashlib.sha256(body).digest()).decode()


def instance_token_build(
    key: SigningKey, *, instance: str, audience: str, method: str, target: str, body: bytes, now: datetime, jti: str
) -> str:
    """Sign one call of a manager instance.

    Args:
        key: The instance's own key.
        instance: Instance uid.
        audience: The hub's licensing address for people.
        method: HTTP method.
        target: Path with query, exactly as it will be sent.
        body: The body, empty for GET.
        now: Current time, aware UTC.
        jti: A fresh unique id.
    """
    issued = seconds_of(now)
    token = InstanceToken(
        iss=instance,
        aud=audience,
        iat=issued,
        exp=issued + int(INSTANCE_LIFE.total_seconds()),
        jti=jti,
        htm=method.upper(),
        htu=target,
        bh=body_hash(body),
    )
    return sign(token, key, INSTANCE_TYP)


def instance_token_verify(
    token: str | bytes,
    *,
    keys: VerifyKey | KeySet,
    audience: str,
    method: str,
    target: str,
    body: bytes,
    now: datetime,
) -> InstanceToken:
    """Check the proof of one call; arguments as `instance_token_build`.

    Which instance may do what, and that `jti` was not seen before, is the caller's to judge.

    Raises:
        TokenError: See `jose.open_signed`; AudienceForeignError, TokenExpiredError, ClockSkewError;
            RequestMismatchError when it was made for another method, path or body.
    """
    claims = claims_decode(open_signed(token, typ=INSTANCE_TYP, keys=keys).payload, InstanceToken)
    audience_check(claims.aud, audience)
    freshness_check(claims.iat, now)
    expiry_check(claims.exp, now)
    is_same_body = hmac.compare_digest(claims.bh.encode(), body_hash(body).encode())
    if claims.htm != method.upper() or claims.htu != target or not is_same_body:
        raise RequestMismatchError
    return claims


def _request_verify(
    token: str | bytes, typ: str, request_type: type[RequestT], audience: str, now: datetime
) -> Proven[RequestT]:
    opened = open_signed(token, typ=typ, keys=None)
    claims = claims_decode(opened.payload, request_type)
    audience_check(claims.aud, audience)
    freshness_check(claims.iat, now)
    return Proven(claims, opened.key)
