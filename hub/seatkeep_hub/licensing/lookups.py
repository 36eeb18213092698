"""HMACs by which secrets are found and compared; the secrets themselves stand encrypted."""

from __future__ import annotations

from seatkeep_license import license_keys
from seatkeep_webkit.keyring import lookup_hmac

KEY_PURPOSE = "license-key"
SECRET_PURPOSE = "credential-secret"  # noqa: S105  # the name of a purpose, not a secret


def key_lookup(key: str) -> bytes:
    """HMAC by which a license key is found; spelling differences of people are gone."""
    return lookup_hmac(license_keys.normalize(key), KEY_PURPOSE)


def secret_lookup(secret: str) -> bytes:
    """HMAC by which a credential's secret is compared."""
    return lookup_hmac(secret, SECRET_PURPOSE)
