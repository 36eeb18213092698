"""How a device joins: a request signed by the agent's new key, and what it gets back (wire.md §6)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from seatkeep_license.errors import TokenError
from seatkeep_license.jose import audience_check, claims_decode, freshness_check, open_signed, sign
from seatkeep_license.keys import SigningKey, VerifyKey
from seatkeep_license.requests import Proven

from seatkeep_protocol.ids import HEX_PATTERN
from seatkeep_protocol.messages import OsInfo
from seatkeep_protocol.vocabulary import DeviceKind

ENROLL_TYP = "seatkeep-enroll+jwt"
PREVIOUS_TYP = "seatkeep-previous+jwt"

HexId = Annotated[str, msgspec.Meta(pattern=HEX_PATTERN)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Previous(msgspec.Struct, frozen=True):
    """Who the device was before; `proof` is signed by that device's old key and names the new one."""

    device: HexId
    proof: str


class EnrollRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The claims of an enrollment request, named as on the wire.

    Attributes:
        aud: The console's address for devices.
        iat: Now, seconds since 1970.
        jti: Fresh unique id.
        fp: Fingerprint: component → salted digest.
        nkey: The agent's NATS public key (U…).
        x25519: The public key to seal secrets for, base64url.
        group: Names from the customer's group down, such as "Office/Reception": where a new device would like to stand.
    """

    aud: str
    iat: int
    jti: Short
    hostname: Short
    os: OsInfo
    kind: DeviceKind
    fp: dict[str, str]
    nkey: Annotated[str, msgspec.Meta(pattern="^U[A-Z2-7]{55}$")]
    x25519: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{43}$")]
    agent_version: Short
    previous: Previous | None = None
    group: Annotated[str, msgspec.Meta(max_length=255)] = ""


class JwtRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the next NATS JWT of an enrolled device."""

    aud: str
    iat: int
    jti: Short
    device: HexId


class PreviousProof(msgspec.Struct, frozen=True, kw_only=True):
    """The old key's word that the new key (thumbprint `jkt`) continues the same device."""

    aud: str
    iat: int
    device: HexId
    jkt: str


class NatsAccess(msgspec.Struct, frozen=True):
    """How to reach the broker: user JWT and addresses, best first."""

    jwt: str
    urls: list[str]


class EnrollAddresses(msgspec.Struct, frozen=True):
    """Where the device finds its servers, best first."""

    console: list[str]
    licensing: list[str]


class EnrollAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="status", tag="enrolled"):
    """What an enrolled device gets (HTTP 200); `status` is always written, so that no reader needs the HTTP code.

    Attributes:
        root_key: JWK of the instance's root key: the device pins it.
        min_version: The lowest version that it may take of its device document.
        ca_pem: The own CA, when the server has no public certificate.
    """

    device: HexId
    company: HexId
    instance: HexId
    nats: NatsAccess
    root_key: dict[str, str]
    min_version: int
    addresses: EnrollAddresses
    ca_pem: str | None = None


def enroll_build(request: EnrollRequest, key: SigningKey) -> str:
    """Sign an enrollment request by the agent's new key."""
    return sign(request, key, ENROLL_TYP, with_jwk=True)


def enroll_verify(token: str | bytes, *, audience: str, now: datetime) -> Proven[EnrollRequest]:
    """Check an enrollment request and return it with the key whose possession it proves.

    Args:
        token: The request.
        audience: This console's address for devices.
        now: Current time, aware UTC.

    Raises:
        TokenError: See `seatkeep_license.jose.open_signed`; AudienceForeignError; ClockSkewError (`iat` more than
            120 s away). The proof of a previous device is checked by `previous_verify`.
    """
    opened = open_signed(token, typ=ENROLL_TYP, keys=None)
    claims = claims_decode(opened.payload, EnrollRequest)
    audience_check(claims.aud, audience)
    freshness_check(claims.iat, now)
    return Proven(claims, opened.key)


def jwt_request_build(request: JwtRequest, key: SigningKey) -> str:
    """Sign the request for the next NATS JWT by the agent's key."""
    return sign(request, key, ENROLL_TYP, with_jwk=True)


def jwt_request_verify(token: str | bytes, *, key: VerifyKey, audience: str, now: datetime) -> JwtRequest:
    """Check the request for the next NATS JWT.

    Args:
        token: The request.
        key: The key that the device enrolled with (its id stands in the token's header).
        audience: This console's address for devices.
        now: Current time, aware UTC.

    Raises:
        TokenError: As `enroll_verify`; KeyUnknownError when another key signed.
    """
    claims = claims_decode(open_signed(token, typ=ENROLL_TYP, keys=key).payload, JwtRequest)
    audience_check(claims.aud, audience)
    freshness_check(claims.iat, now)
    return claims


def previous_build(proof: PreviousProof, old_key: SigningKey) -> str:
    """Sign, by the old key, that a new key continues the device."""
    return sign(proof, old_key, PREVIOUS_TYP)


def is_previous_proven(
    previous: Previous, *, old_key: VerifyKey, new_key: VerifyKey, audience: str, now: datetime
) -> bool:
    """Tell whether the old key of a device has vouched for the new one, just now and for this console."""
    try:
        opened = open_signed(previous.proof, typ=PREVIOUS_TYP, keys=old_key)
        proof = claims_decode(opened.payload, PreviousProof)
        audience_check(proof.aud, audience)
        freshness_check(proof.iat, now)
    except TokenError:
        return False
    return proof.device == previous.device and proof.jkt == new_key.kid


def answer_decode(raw: bytes) -> EnrollAnswer:
    """Read the console's answer.

    Raises:
        TokenMalformedError: It does not have the expected shape; the message names the field.
    """
    return claims_decode(raw, EnrollAnswer)


def request_body(key: str, request: str) -> dict[str, Any]:
    """Return the JSON body of `POST /agent/v1/enroll`: deployment key or link token, and the signed request."""
    return {"key": key, "request": request}


def return_body(jwt: str, request: str) -> dict[str, Any]:
    """Return the JSON body of `POST /agent/v1/return`: the last broker JWT, and the signed enrollment request."""
    return {"jwt": jwt, "request": request}
