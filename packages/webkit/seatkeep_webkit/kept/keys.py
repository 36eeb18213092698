"""Keys of the cache."""

from __future__ import annotations

from seatkeep_webkit.keyring import lookup_hmac


def kept_key(key: str, prefix: str, version: int) -> str:
    """Turn a key into a digest: it may hold a one-time code, and may be longer than the column."""
    return lookup_hmac(f"{prefix}:{version}:{key}", "cache").hex()
