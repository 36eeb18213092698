"""Sealing the keys of a backup: AES-256-GCM under a random key that is wrapped once for each way to open it.

Ways: the recovery kit (a random key that the owner keeps elsewhere) and a passphrase (scrypt).
Pure: bytes in, bytes out.

Source: NIST SP 800-38D (GCM), RFC 7914 (scrypt; n = 2^16, r = 8, p = 1: 64 MiB of memory per guess).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = "seatkeep-sealed-v1"
KEY_BYTES = 32
NONCE_BYTES = 12
SALT_BYTES = 16
SCRYPT_N = 2**16
MAX_HEADER_BYTES = 16 * 1024


class SealError(Exception):
    """The sealed file cannot be opened: it is damaged, or the recovery kit or the passphrase is not the right one."""


@dataclass(frozen=True, repr=False)
class KitKey:
    """The random key of the recovery kit, 32 bytes."""

    key: bytes


@dataclass(frozen=True, repr=False)
class Passphrase:
    """A passphrase that a person keeps."""

    text: str


Opener = KitKey | Passphrase


def kit_key_generate() -> KitKey:
    """A new random key for a recovery kit."""
    return KitKey(secrets.token_bytes(KEY_BYTES))


def seal(content: bytes, openers: Sequence[Opener]) -> bytes:
    """Encrypt so that each of the openers alone can open it.

    Raises:
        ValueError: There is no opener: nobody could ever read it.
    """
    if not openers:
        raise ValueError("a sealed file needs at least one way to open it")
    key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
    header = {"format": FORMAT, "nonce": _text(nonce), "slots": [_wrap(key, opener) for opener in openers]}
    head = json.dumps(header, separators=(",", ":")).encode()
    return head + b"\n" + AESGCM(key).encrypt(nonce, content, head)


def unseal(sealed: bytes, opener: Opener) -> bytes:
    """Decrypt what `seal` made.

    Raises:
        SealError: Damaged anywhere, or the opener fits no slot.
    """
    head, separator, body = sealed.partition(b"\n")
    try:
        if not separator or len(head) > MAX_HEADER_BYTES:
            raise SealError("this is not a sealed file of Seatkeep")
        header = json.loads(head)
        if header["format"] != FORMAT:
            raise SealError(f"the sealed file has the unknown format {header['format']!r}")
        key = _unwrap(header["slots"], opener)
        return AESGCM(key).decrypt(_bytes(header["nonce"]), body, head)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidTag) as error:
        raise SealError("the sealed file is damaged, or this does not open it") from error


def _wrap(key: bytes, opener: Opener) -> dict[str, str]:
    nonce, salt = secrets.token_bytes(NONCE_BYTES), secrets.token_bytes(SALT_BYTES)
    kind = "kit" if isinstance(opener, KitKey) else "passphrase"
    wrapped = AESGCM(_wrapping_key(opener, salt)).encrypt(nonce, key, kind.encode())
    return {"kind": kind, "salt": _text(salt), "nonce": _text(nonce), "wrapped": _text(wrapped)}


def _unwrap(slots: Sequence[dict[str, str]], opener: Opener) -> bytes:
    kind = "kit" if isinstance(opener, KitKey) else "passphrase"
    for slot in slots:
        if slot["kind"] != kind:
            continue
        try:
            wrapping = AESGCM(_wrapping_key(opener, _bytes(slot["salt"])))
            return wrapping.decrypt(_bytes(slot["nonce"]), _bytes(slot["wrapped"]), kind.encode())
        except InvalidTag:
            continue
    raise SealError(f"the {'recovery kit' if kind == 'kit' else 'passphrase'} does not open this file")


def _wrapping_key(opener: Opener, salt: bytes) -> bytes:
    if isinstance(opener, KitKey):
        return opener.key
    return Scrypt(salt=salt, length=KEY_BYTES, n=SCRYPT_N, r=8, p=1).derive(opener.text.encode())


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
