"""The hub's key ring as its operator holds it: the bench makes licenses whose keys it knows.

Source:
    seatkeep_webkit.keyring; a test of the hub compares both.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from seatkeep_license import license_keys

LICENSE_KEY = b"licensing_license.key_encrypted"
"""Where a sealed license key stands; bound into the ciphertext."""


@dataclass(frozen=True)
class Ring:
    """The current key and the pepper."""

    name: str
    key: bytes
    pepper: bytes

    @classmethod
    def load(cls, file: Path) -> Ring:
        """Read the ring's file."""
        data = json.loads(file.read_text())
        key = base64.b64decode(data["keys"][data["current"]])
        return cls(data["current"], key, base64.b64decode(data["pepper"]))

    def lookup(self, license_key: str) -> bytes:
        """HMAC by which the hub finds a license key."""
        return hmac.digest(self.pepper, b"license-key\0" + license_keys.normalize(license_key).encode(), "sha256")

    def seal(self, license_key: str) -> bytes:
        """A license key as it stands in its column."""
        header = b"\x01" + bytes([len(self.name)]) + self.name.encode()
        nonce = secrets.token_bytes(12)
        return header + nonce + AESGCM(self.key).encrypt(nonce, license_key.encode(), header + LICENSE_KEY)


def license_key_new() -> str:
    """A fresh license key."""
    return license_keys.generate(secrets.token_bytes(license_keys.KEY_RANDOM_BYTES))
