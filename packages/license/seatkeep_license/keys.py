"""Ed25519 keys: a signing key, a verify key, a set of verify keys.

A key's id (`kid`) is always its RFC 7638 thumbprint, so an id cannot be claimed for another key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from seatkeep_license.encoding import b64url_decode, b64url_encode
from seatkeep_license.errors import KeyMaterialError, KeyUnknownError, SignatureInvalidError, TokenMalformedError

KEY_BYTES = 32
SIGNATURE_BYTES = 64


class SignatureEngine(Protocol):
    """What computes Ed25519 (RFC 8032). Every engine gives the same signatures; some are faster."""

    def sign(self, *, seed: bytes, public: bytes, message: bytes) -> bytes:
        """Return the 64 byte signature over `message`."""

    def is_genuine(self, *, public: bytes, signature: bytes, message: bytes) -> bool:
        """Tell whether `signature` (64 bytes) is of this key (32 bytes) over this message."""


class _Cryptography:
    """The engine that every program has."""

    def sign(self, *, seed: bytes, public: bytes, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(seed).sign(message)

    def is_genuine(self, *, public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


_engine: SignatureEngine = _Cryptography()


def use_engine(engine: SignatureEngine | None) -> None:
    """Compute signatures by another engine from now on, in the whole process; None goes back to `cryptography`."""
    global _engine  # One per process, chosen at its start, as a codec is registered.
    _engine = engine or _Cryptography()


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of an Ed25519 public key in JWK form.

    Raises:
        KeyMaterialError: The JWK is not an OKP key on Ed25519.
    """
    return VerifyKey.from_jwk(jwk).kid


def _thumbprint_of(x: str) -> str:
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'
    return b64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


class VerifyKey:
    """The public half of an Ed25519 key.

    Attributes:
        raw: The 32 bytes of the key.
        kid: Its RFC 7638 thumbprint.
    """

    __slots__ = ("kid", "raw", "x")

    def __init__(self, raw: bytes) -> None:
        """Take the 32 raw bytes of the key.

        Raises:
            KeyMaterialError: `raw` is not 32 bytes.
        """
        if len(raw) != KEY_BYTES:
            raise KeyMaterialError("An Ed25519 public key has 32 bytes.")
        self.raw = raw
        self.x = b64url_encode(raw).decode()
        self.kid = _thumbprint_of(self.x)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> VerifyKey:
        """Read a key from its JWK.

        Raises:
            KeyMaterialError: Not an Ed25519 key, a private part is inside, or `kid` is not the thumbprint.
        """
        x = jwk.get("x")
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(x, str) or "d" in jwk:
            raise KeyMaterialError
        try:
            key = cls(b64url_decode(x.encode()))
        except TokenMalformedError as error:
            raise KeyMaterialError from error
        if jwk.get("kid", key.kid) != key.kid:
            raise KeyMaterialError("The key id is not the thumbprint of the key.")
        return key

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK: kty, crv and x."""
        return {"kty": "OKP", "crv": "Ed25519", "x": self.x}

    @property
    def jwk_full(self) -> dict[str, str]:
        """The public key as it stands in a JWKS: with kid and use."""
        return {**self.jwk, "kid": self.kid, "use": "sig"}

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature over `message`.

        Raises:
            SignatureInvalidError: It does not belong to this message and key.
        """
        if not _engine.is_genuine(public=self.raw, signature=signature, message=message):
            raise SignatureInvalidError

    def __eq__(self, other: object) -> bool:
        """Two keys are equal when their bytes are."""
        return isinstance(other, VerifyKey) and other.raw == self.raw

    def __hash__(self) -> int:
        """Hash by the bytes of the key."""
        return hash(self.raw)

    def __repr__(self) -> str:
        """Show the key id."""
        return f"VerifyKey({self.kid})"


class SigningKey:
    """An Ed25519 key that signs. Its repr never shows the seed.

    Attributes:
        seed: The 32 byte seed: a secret, to be stored encrypted or in a file of mode 0600.
        verify_key: The public half.
    """

    __slots__ = ("seed", "verify_key")

    def __init__(self, seed: bytes) -> None:
        """Take the 32 byte seed.

        Raises:
            KeyMaterialError: `seed` is not 32 bytes.
        """
        if len(seed) != KEY_BYTES:
            raise KeyMaterialError("An Ed25519 seed has 32 bytes.")
        self.seed = seed
        self.verify_key = VerifyKey(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Make the key from its 32 byte seed."""
        return cls(seed)

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key from the randomness of the operating system."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def kid(self) -> str:
        """The key id: the thumbprint of the public half."""
        return self.verify_key.kid

    def sign(self, message: bytes) -> bytes:
        """Return the 64 byte signature over `message`."""
        return _engine.sign(seed=self.seed, public=self.verify_key.raw, message=message)

    def __repr__(self) -> str:
        """Show the key id, never the seed."""
        return f"SigningKey({self.kid})"


def generate() -> SigningKey:
    """Make a new signing key from the randomness of the operating system."""
    return SigningKey.generate()


class KeySet:
    """Trusted verify keys, found by key id."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[VerifyKey] = ()) -> None:
        """Take the trusted keys; the order does not matter."""
        self._keys = {key.kid: key for key in keys}

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> KeySet:
        """Read a JWKS. Keys of another kind are left out, as RFC 7517 §5 asks.

        Raises:
            KeyMaterialError: There is no list of keys, or an Ed25519 key is damaged.
        """
        keys = jwks.get("keys")
        if not isinstance(keys, list) or not all(isinstance(jwk, dict) for jwk in keys):
            raise KeyMaterialError("A JWKS has a list of keys.")
        return cls(VerifyKey.from_jwk(jwk) for jwk in keys if jwk.get("crv") == "Ed25519")

    def to_jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the set as a JWKS."""
        return {"keys": [key.jwk_full for key in self]}

    def get(self, kid: str) -> VerifyKey:
        """Return the key with this id.

        Raises:
            KeyUnknownError: No trusted key has it.
        """
        key = self._keys.get(kid)
        if key is None:
            raise KeyUnknownError(kid)
        return key

    def __iter__(self) -> Iterator[VerifyKey]:
        """Go through the keys."""
        return iter(self._keys.values())

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._keys)

    def __contains__(self, kid: str) -> bool:
        """Tell whether a key with this id is trusted."""
        return kid in self._keys
