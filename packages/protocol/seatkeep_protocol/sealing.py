"""Secrets for one device: sealed to the X25519 key that it registered at enrollment.

An ephemeral key agreement (X25519), HKDF-SHA256 over both public keys and the context, AES-256-GCM. The context says
what the secret is for, so a sealed value cannot be moved to another device or setting.

Source:
    RFC 7748, RFC 5869; the shape is that of HPKE's base mode (RFC 9180) with one suite.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from seatkeep_protocol.errors import SealBrokenError

KEY_BYTES = 32
_INFO = b"seatkeep-seal-v1\0"
_NONCE = bytes(12)  # Each message has a key of its own, so the nonce may be fixed.


def seal_key_generate() -> tuple[bytes, bytes]:
    """Make a key pair to seal for: (private, public), 32 bytes each."""
    key = X25519PrivateKey.generate()
    return key.private_bytes_raw(), key.public_key().public_bytes_raw()


def seal_context(device: str, name: str) -> bytes:
    """Return the context of a device's secret setting."""
    return f"{device}\0{name}".encode()


def seal(plaintext: bytes, *, recipient: bytes, context: bytes) -> bytes:
    """Seal a secret.

    Args:
        plaintext: The secret.
        recipient: The receiver's X25519 public key, 32 bytes.
        context: What it is for (see `seal_context`); the receiver must name the same.

    Returns:
        The ephemeral public key (32 bytes) followed by ciphertext and tag.

    Raises:
        SealBrokenError: `recipient` is not a usable key.
    """
    ephemeral = X25519PrivateKey.generate()
    public = ephemeral.public_key().public_bytes_raw()
    key = _key(ephemeral, recipient, public + recipient + context)
    return public + AESGCM(key).encrypt(_NONCE, plaintext, context)


def unseal(sealed: bytes, *, private_key: bytes, context: bytes) -> bytes:
    """Open a sealed secret.

    Args:
        sealed: What `seal` returned.
        private_key: The receiver's X25519 private key, 32 bytes.
        context: What it is for.

    Raises:
        SealBrokenError: Made for another key or context, or damaged.
    """
    own = X25519PrivateKey.from_private_bytes(private_key)
    public = sealed[:KEY_BYTES]
    key = _key(own, public, public + own.public_key().public_bytes_raw() + context)
    try:
        return AESGCM(key).decrypt(_NONCE, sealed[KEY_BYTES:], context)
    except InvalidTag as error:
        raise SealBrokenError from error


def _key(private: X25519PrivateKey, public: bytes, binding: bytes) -> bytes:
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise SealBrokenError from error
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_INFO + binding).derive(shared)
