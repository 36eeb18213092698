"""Keys at rest: one ring of versioned AES-256-GCM keys in a file of mode 0600, with the HMAC pepper apart.

The ring is in the recovery kit. Every ciphertext carries the id of its key, so old ones stay readable after a rotation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from seatkeep_webkit.env import SettingError, env_path

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyRingError(Exception):
    """The key ring cannot be used."""


class KeyRingExposedError(KeyRingError):
    """Other users of this machine can read the key ring file."""


class DecryptionError(KeyRingError):
    """The ciphertext is damaged, of an unknown key, or was moved to another column."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """A set of encryption keys with one current key, and the pepper of look-up HMACs.

    Attributes:
        current: Id of the key that encrypts.
        keys: Every key by id, 32 bytes each.
        pepper: 32 bytes; never rotates, because look-ups compare HMACs.
    """

    current: str
    keys: dict[str, bytes]
    pepper: bytes

    @classmethod
    def generate(cls) -> KeyRing:
        """Return a new ring with one key."""
        return cls(current="k1", keys={"k1": secrets.token_bytes(KEY_BYTES)}, pepper=secrets.token_bytes(KEY_BYTES))

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a ring; make one with mode 0600 when the file is missing.

        Raises:
            KeyRingExposedError: Group or others have any right on the file.
            KeyRingError: The file is not a key ring.
        """
        if not path.exists():
            _write_new(path, cls.generate())
        if path.stat().st_mode & _OTHERS:
            raise KeyRingExposedError(f"{path} can be read by other users; run: chmod 600 {path}")
        return cls._parse(path.read_text(), path)

    @classmethod
    def _parse(cls, text: str, path: Path) -> KeyRing:
        try:
            data = json.loads(text)
            keys = {str(name): base64.b64decode(key, validate=True) for name, key in data["keys"].items()}
            ring = cls(current=str(data["current"]), keys=keys, pepper=base64.b64decode(data["pepper"], validate=True))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyRingError(f"{path} is not a key ring") from error
        if ring.current not in keys or any(len(key) != KEY_BYTES for key in [*keys.values(), ring.pepper]):
            raise KeyRingError(f"{path} is not a complete key ring")
        return ring

    def save(self, path: Path) -> None:
        """Replace the file at once (atomic rename), mode 0600."""
        os.replace(_temporary(path, self), path)

    def rotated(self) -> KeyRing:
        """Return the ring with a new current key; old keys stay to read what they wrote."""
        name = f"k{len(self.keys) + 1}"
        return replace(self, current=name, keys={**self.keys, name: secrets.token_bytes(KEY_BYTES)})

    def encrypt(self, data: bytes, *, aad: bytes) -> bytes:
        """Encrypt with the current key.

        Args:
            data: What to hide.
            aad: Where it belongs, such as `b"table.column"`; decryption demands the same.
        """
        name = self.current.encode()
        header = FORMAT + bytes([len(name)]) + name
        nonce = secrets.token_bytes(NONCE_BYTES)
        return header + nonce + AESGCM(self.keys[self.current]).encrypt(nonce, data, header + aad)

    def decrypt(self, blob: bytes, *, aad: bytes) -> bytes:
        """Decrypt what `encrypt` of this ring or an earlier one made.

        Raises:
            DecryptionError: Damaged, moved to another place, or of a key that is not in the ring.
        """
        header, name = _header(blob)
        key = self.keys.get(name)
        if key is None:
            raise DecryptionError(f"the key ring has no key {name!r}")
        nonce, sealed = blob[len(header) : len(header) + NONCE_BYTES], blob[len(header) + NONCE_BYTES :]
        try:
            return AESGCM(key).decrypt(nonce, sealed, header + aad)
        except (InvalidTag, ValueError) as error:
            raise DecryptionError("the ciphertext is damaged or stands in the wrong place") from error

    def lookup_hmac(self, value: bytes | str, *, purpose: str) -> bytes:
        """Return 32 bytes by which a secret is found and compared, but not read."""
        data = value.encode() if isinstance(value, str) else value
        return hmac.digest(self.pepper, purpose.encode() + b"\0" + data, "sha256")

    def derive(self, purpose: str) -> bytes:
        """Return 32 stable secret bytes for a purpose; they survive key rotation."""
        return hmac.digest(self.pepper, b"derive\0" + purpose.encode(), hashlib.sha256)

    def _dump(self) -> str:
        keys = {name: base64.b64encode(key).decode() for name, key in self.keys.items()}
        data = {"version": 1, "current": self.current, "keys": keys, "pepper": base64.b64encode(self.pepper).decode()}
        return json.dumps(data, indent=2) + "\n"


def key_id(blob: bytes) -> str:
    """Return the id of the key that made a ciphertext."""
    return _header(blob)[1]


@cache
def keyring() -> KeyRing:
    """Return the ring that SEATKEEP_KEYRING names, read once per process.

    Raises:
        SettingError: The variable is missing, or the file cannot be used.
    """
    path = env_path("SEATKEEP_KEYRING")
    try:
        return KeyRing.load(path)
    except (KeyRingError, OSError) as error:
        raise SettingError("SEATKEEP_KEYRING", str(error)) from error


def encrypt(data: bytes, *, aad: bytes) -> bytes:
    """Encrypt with the program's key ring (see `KeyRing.encrypt`)."""
    return keyring().encrypt(data, aad=aad)


def decrypt(blob: bytes, *, aad: bytes) -> bytes:
    """Decrypt with the program's key ring (see `KeyRing.decrypt`)."""
    return keyring().decrypt(blob, aad=aad)


def lookup_hmac(value: bytes | str, purpose: str) -> bytes:
    """Return the look-up HMAC of the program's key ring (see `KeyRing.lookup_hmac`)."""
    return keyring().lookup_hmac(value, purpose=purpose)


def _header(blob: bytes) -> tuple[bytes, str]:
    if len(blob) < 2 or blob[:1] != FORMAT or len(blob) < 2 + blob[1]:
        raise DecryptionError("this is not a ciphertext of Seatkeep")
    header = bytes(blob[: 2 + blob[1]])
    return header, header[2:].decode("ascii", "replace")


def _temporary(path: Path, ring: KeyRing) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".keyring-")
    with os.fdopen(handle, "w") as file:
        file.write(ring._dump())
        file.flush()
        os.fsync(file.fileno())
    return name


def _write_new(path: Path, ring: KeyRing) -> None:
    # A hard link fails when the name exists: of two programs that start at once, one ring wins and both read it.
    temporary = _temporary(path, ring)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
