"""A file that a device sends the manager because a task asked for it (wire.md §6)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from seatkeep_license.encoding import b64url_decode
from seatkeep_license.errors import TokenMalformedError
from seatkeep_license.jose import audience_check, claims_decode, freshness_check, open_signed, sign
from seatkeep_license.keys import SigningKey, VerifyKey

from seatkeep_protocol.ids import HEX_PATTERN

UPLOAD_TYP = "seatkeep-upload+jwt"
PROOF_HEADER = "Seatkeep-Proof"
FILE_LIMIT_BYTES = 2_000_000
"""The front door takes no larger body from anybody."""


class UploadClaims(msgspec.Struct, frozen=True, kw_only=True):
    """Which file of which run, said by the device's own key.

    Attributes:
        aud: The console's address for devices.
        iat: Now, seconds since 1970.
        sha256: Of the body that comes with it.
    """

    aud: str
    iat: int
    device: Annotated[str, msgspec.Meta(pattern=HEX_PATTERN)]
    run: uuid.UUID
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


def upload_build(claims: UploadClaims, key: SigningKey) -> str:
    """Sign an upload by the agent's key."""
    return sign(claims, key, UPLOAD_TYP, with_jwk=True)


def upload_verify(token: str | bytes, *, key: VerifyKey, audience: str, now: datetime) -> UploadClaims:
    """Check the proof of an upload; the file itself is not looked at.

    Raises:
        TokenError: Malformed, for another console, stale, or signed by another key than the device's.
    """
    claims = claims_decode(open_signed(token, typ=UPLOAD_TYP, keys=key).payload, UploadClaims)
    audience_check(claims.aud, audience)
    freshness_check(claims.iat, now)
    return claims


def upload_device(token: str) -> str:
    """The device that a proof says it is of, to look its key up; nothing is verified yet.

    Raises:
        TokenMalformedError: It is no proof.
    """
    try:
        payload = b64url_decode(token.split(".")[1].encode("ascii"))
        return msgspec.json.decode(payload, type=UploadClaims).device
    except (IndexError, UnicodeError, msgspec.MsgspecError, RecursionError) as error:
        raise TokenMalformedError from error
