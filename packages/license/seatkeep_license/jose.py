"""JWS in compact form, EdDSA only, with a fixed `typ` per use.

A small direct implementation over `cryptography` and msgspec, because the activation path verifies thousands of these
per second; tokens of PyJWT verify here and ours verify there (tests/test_jose.py keeps that).

Source:
    RFC 7515 (JWS), RFC 8037 (EdDSA), RFC 8725 (JWT best practice: fixed algorithm, explicit typing).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from seatkeep_license.encoding import b64url_decode, b64url_encode, instant_of
from seatkeep_license.errors import (
    AudienceForeignError,
    ClockSkewError,
    IssuerForeignError,
    KeyBindingError,
    KeyMaterialError,
    KeyUnknownError,
    TokenAlgorithmError,
    TokenExpiredError,
    TokenMalformedError,
    TokenTypeError,
)
from seatkeep_license.keys import SIGNATURE_BYTES, KeySet, SigningKey, VerifyKey

LEEWAY = timedelta(seconds=120)
TOKEN_LIMIT_BYTES = 16_384

Claims = TypeVar("Claims", bound=msgspec.Struct)


class Jwk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An Ed25519 public key as it stands in a token's header."""

    kty: str
    crv: str
    x: str
    kid: str | None = None
    use: str | None = None


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A token's header. Any other field, `crit` and `jku` among them, makes the token malformed."""

    alg: str
    typ: str
    kid: str
    jwk: Jwk | None = None


class Opened(NamedTuple):
    """What a token with a right signature says; its times are not yet judged.

    Attributes:
        payload: The claims as JSON.
        key: The key that signed.
    """

    payload: bytes
    key: VerifyKey


_encoder = msgspec.json.Encoder()
_header_decoder = msgspec.json.Decoder(Header)


def sign(claims: Mapping[str, Any] | msgspec.Struct, key: SigningKey, typ: str, *, with_jwk: bool = False) -> str:
    """Sign claims.

    Args:
        claims: The claims; the same claims in the same order give the same bytes.
        key: The signer's key.
        typ: What the token is for; the verifier must name the same.
        with_jwk: Put the public key into the header, for proofs of possession by keys not known before.
    """
    signing_input = _header_segment(key.verify_key, typ, with_jwk) + b"." + b64url_encode(_encoder.encode(claims))
    return (signing_input + b"." + b64url_encode(key.sign(signing_input))).decode()


def open_signed(token: str | bytes, *, typ: str, keys: VerifyKey | KeySet | None) -> Opened:
    """Check a token's form, type, algorithm and signature, and nothing about time.

    Args:
        token: The compact JWS.
        typ: What the verifier expects it to be for.
        keys: The trusted key or keys; None takes the key out of the header (a proof of possession: it proves that the
            sender has that key, not who the sender is).

    Raises:
        TokenMalformedError: Not a canonical compact JWS of at most 16 kB.
        TokenTypeError: Made for another use.
        TokenAlgorithmError: `alg` is not EdDSA.
        KeyUnknownError: No trusted key has this id.
        SignatureInvalidError: The signature is wrong.
    """
    raw = token.encode() if isinstance(token, str) else token
    header_segment, payload_segment, signature_segment = _split(raw)
    header = _header(header_segment)
    _header_check(header, typ)
    key = _key_choose(header, keys)
    signature = b64url_decode(signature_segment)
    if len(signature) != SIGNATURE_BYTES:
        raise TokenMalformedError("An Ed25519 signature has 64 bytes.")
    key.verify(signature, raw[: len(header_segment) + 1 + len(payload_segment)])
    return Opened(b64url_decode(payload_segment), key)


def claims_decode(payload: bytes, claims_type: type[Claims]) -> Claims:
    """Read claims into their struct.

    Raises:
        TokenMalformedError: A claim is missing or has another shape; the message names it.
    """
    try:
        return msgspec.json.decode(payload, type=claims_type)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TokenMalformedError(f"The claims are wrong: {error}.") from error


def verify(
    token: str | bytes,
    *,
    typ: str,
    now: datetime,
    key: VerifyKey | None = None,
    keyset: KeySet | None = None,
    audience: str | None = None,
    issuer: str | None = None,
    leeway: timedelta = LEEWAY,
) -> dict[str, Any]:
    """Check a token completely and return its claims.

    Args:
        token: The compact JWS.
        typ: What it must be for.
        now: Current time, aware UTC; `exp` and `iat` are judged against it where present.
        key: The one trusted key; exactly one of `key` and `keyset` is given.
        keyset: The trusted keys.
        audience: The exact `aud` that is expected; None: not looked at.
        issuer: The exact `iss` that is expected; None: not looked at.
        leeway: How far the two clocks may be apart.

    Raises:
        TokenError: See `open_signed`; AudienceForeignError; IssuerForeignError; TokenExpiredError (`now` is at or
            after `exp` + leeway); ClockSkewError (`iat` is later than `now` + leeway).
    """
    if (key is None) == (keyset is None):
        raise ValueError("Give exactly one of key and keyset.")
    payload = open_signed(token, typ=typ, keys=key or keyset).payload
    try:
        claims = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TokenMalformedError from error
    if audience is not None:
        audience_check(claims.get("aud"), audience)
    if issuer is not None and claims.get("iss") != issuer:
        raise IssuerForeignError
    if (expires := _whole(claims, "exp")) is not None:
        expiry_check(expires, now, leeway)
    if (issued := _whole(claims, "iat")) is not None:
        not_from_future_check(issued, now, leeway)
    return claims


def unverified_header(token: str | bytes) -> Header:
    """Read a token's header without checking anything, to find out which key to ask for.

    Raises:
        TokenMalformedError: Not a compact JWS of at most 16 kB.
    """
    return _header(_split(token.encode() if isinstance(token, str) else token)[0])


def unverified_claims(token: str | bytes, claims_type: type[Claims]) -> Claims:
    """Read a token's claims without checking who signed them: a hint for a look-up, never a fact.

    Raises:
        TokenMalformedError: Not a compact JWS with claims of this shape.
    """
    payload = _split(token.encode() if isinstance(token, str) else token)[1]
    return claims_decode(b64url_decode(payload), claims_type)


def audience_check(stated: object, expected: str) -> None:
    """Raise AudienceForeignError unless the token names exactly this receiver."""
    if stated != expected:
        raise AudienceForeignError


def expiry_check(expires: int, now: datetime, leeway: timedelta = LEEWAY) -> None:
    """Raise TokenExpiredError when `now` is at or after `expires` (seconds since 1970) + `leeway`."""
    expires_at = instant_of(expires)
    if now - leeway >= expires_at:
        raise TokenExpiredError(expires_at)


def not_from_future_check(issued: int, now: datetime, leeway: timedelta = LEEWAY) -> None:
    """Raise ClockSkewError when `issued` (seconds since 1970) is later than `now` + `leeway`."""
    issued_at = instant_of(issued)
    if issued_at - leeway > now:
        raise ClockSkewError(issued_at, now)


def freshness_check(issued: int, now: datetime, leeway: timedelta = LEEWAY) -> None:
    """Raise ClockSkewError when `issued` (seconds since 1970) is more than `leeway` away from `now`, either way."""
    issued_at = instant_of(issued)
    if abs(issued_at - now) > leeway:
        raise ClockSkewError(issued_at, now)


def binding_check(stated: str, key: VerifyKey) -> None:
    """Raise KeyBindingError unless the thumbprint that a token is bound to is that of `key`."""
    if stated != key.kid:
        raise KeyBindingError


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    if len(raw) > TOKEN_LIMIT_BYTES:
        raise TokenMalformedError("A token has at most 16 kB.")
    parts = raw.split(b".")
    if len(parts) != 3:
        raise TokenMalformedError("A token has three parts.")
    return parts[0], parts[1], parts[2]


@lru_cache(maxsize=1024)
def _header(segment: bytes) -> Header:
    try:
        return _header_decoder.decode(b64url_decode(segment))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TokenMalformedError(f"The header is wrong: {error}.") from error


def _header_check(header: Header, typ: str) -> None:
    if header.alg != "EdDSA":
        raise TokenAlgorithmError
    if header.typ != typ:
        raise TokenTypeError(f"A {typ} is expected, not a {header.typ}.")


def _key_choose(header: Header, keys: VerifyKey | KeySet | None) -> VerifyKey:
    if isinstance(keys, KeySet):
        return keys.get(header.kid)
    if keys is None:
        keys = _embedded_key(header)
    if keys.kid != header.kid:
        raise KeyUnknownError(header.kid)
    return keys


def _embedded_key(header: Header) -> VerifyKey:
    if header.jwk is None:
        raise TokenMalformedError("The header has no public key.")
    try:
        return VerifyKey.from_jwk(msgspec.to_builtins(header.jwk))
    except KeyMaterialError as error:
        raise TokenMalformedError("The header's public key is wrong.") from error


@lru_cache(maxsize=256)
def _header_segment(key: VerifyKey, typ: str, with_jwk: bool) -> bytes:
    jwk = Jwk(**key.jwk) if with_jwk else None
    return b64url_encode(_encoder.encode(Header(alg="EdDSA", typ=typ, kid=key.kid, jwk=jwk)))


def _whole(claims: Mapping[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TokenMalformedError(f"{name} is not a whole number of seconds.")
    return value
