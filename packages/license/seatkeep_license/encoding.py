"""Base64url in its one canonical form, and instants as whole seconds."""

from __future__ import annotations

import binascii
from datetime import UTC, datetime

from seatkeep_license.errors import TokenMalformedError

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")  # What the encoder never writes becomes foreign.
_LAST_INSTANT_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime can hold.


def b64url_encode(raw: bytes) -> bytes:
    """Return `raw` as base64url without padding."""
    return binascii.b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=")


def b64url_decode(text: bytes) -> bytes:
    """Return the bytes behind canonical base64url.

    Raises:
        TokenMalformedError: A character is foreign, or the last one carries bits that are not used. Without this
            check several texts would stand for the same signature.

    Source:
        RFC 4648 §3.5; RFC 7515 §2.
    """
    try:
        raw = binascii.a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error as error:
        raise TokenMalformedError("Not base64url.") from error
    rest = len(raw) % 3
    if rest and b64url_encode(raw[-rest:]) != text[-rest - 1 :]:
        raise TokenMalformedError("Not canonical base64url.")
    return raw


def seconds_of(instant: datetime) -> int:
    """Return an aware instant as whole seconds since 1970, rounded down."""
    if instant.tzinfo is None:
        raise ValueError("An instant must be aware.")
    return int(instant.timestamp() // 1)


def instant_of(seconds: int) -> datetime:
    """Return seconds since 1970 as an aware UTC instant; out of range counts as malformed."""
    if not 0 <= seconds <= _LAST_INSTANT_SECONDS:
        raise TokenMalformedError("An instant is out of range.")
    return datetime.fromtimestamp(seconds, tz=UTC)
