"""Pure decisions about links and signed calls."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no code spells a word (RFC 8628, section 6.1)."""

LINK_LIFETIME = timedelta(minutes=15)
POLL_INTERVAL = timedelta(seconds=5)
BOOTSTRAP_POLL_INTERVAL = timedelta(seconds=2)
CALL_LIFETIME_SECONDS = 60
CLOCK_LEEWAY_SECONDS = 120


def user_code(random_bytes: bytes) -> str:
    """Turn 16 random bytes into a code like `BCDF-GHJK` (20^8 possibilities, and tries are rate limited)."""
    number, letters = int.from_bytes(random_bytes, "big"), ""
    for _ in range(8):
        number, index = divmod(number, len(USER_CODE_ALPHABET))
        letters += USER_CODE_ALPHABET[index]
    return f"{letters[:4]}-{letters[4:]}"


def user_code_normalize(text: str) -> str:
    """Read a typed code: any case, blanks and dashes are ignored."""
    letters = "".join(character for character in text.upper() if character.isalpha())
    return f"{letters[:4]}-{letters[4:8]}"


def poll_interval(*, is_bootstrap: bool) -> timedelta:
    """How often a console may ask for the answer; one on the same machine asks more often, as its owner waits."""
    return BOOTSTRAP_POLL_INTERVAL if is_bootstrap else POLL_INTERVAL


def body_hash(body: bytes) -> str:
    """Claim `bh`: base64url SHA-256 of the body, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def call_fault(
    claims: Mapping[str, object], *, method: str, path: str, body: bytes, audience: str, now: datetime
) -> str | None:
    """Say what is wrong with the claims of a signed call, or None.

    Args:
        claims: Claims of a JWS whose signature already verified.
        method: HTTP method, upper case.
        path: Path with query, as requested.
        body: Exact bytes of the body.
        audience: The hub's address for people.
        now: Current time, aware UTC.

    Source:
        docs/reference/wire.md, section 3, `seatkeep-instance+jwt`.
    """
    expected: dict[str, object] = {"aud": audience, "htm": method, "htu": path, "bh": body_hash(body)}
    for name, value in expected.items():
        if claims.get(name) != value:
            return name
    return _time_fault(claims, now) or _jti_fault(claims)


def _time_fault(claims: Mapping[str, object], now: datetime) -> str | None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        return "iat"
    if not 0 < expires - issued <= CALL_LIFETIME_SECONDS:
        return "exp"
    seconds = now.timestamp()
    if issued > seconds + CLOCK_LEEWAY_SECONDS:
        return "iat"
    return "exp" if seconds > expires + CLOCK_LEEWAY_SECONDS else None


def _jti_fault(claims: Mapping[str, object]) -> str | None:
    jti = claims.get("jti")
    return None if isinstance(jti, str) and 8 <= len(jti) <= 64 else "jti"
