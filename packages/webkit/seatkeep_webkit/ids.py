"""Ids that leave a program: UUIDv7, which sort by the time they were made."""

from __future__ import annotations

import secrets
import time
import uuid

_RANDOM_BITS = 74
_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)


def new_uid() -> uuid.UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits.

    Source:
        RFC 9562, section 5.7.
    """
    return uid_at(unix_ms=time.time_ns() // 1_000_000, random_bits=secrets.randbits(_RANDOM_BITS))


def uid_at(*, unix_ms: int, random_bits: int) -> uuid.UUID:
    """Build the UUIDv7 of a millisecond from 74 given random bits."""
    high = (random_bits >> 62) & 0xFFF
    low = random_bits & ((1 << 62) - 1)
    return uuid.UUID(int=(unix_ms & (2**48 - 1)) << 80 | high << 64 | low | _VERSION_AND_VARIANT)
