"""The agent's own keys: made here, never leave the machine."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import cast

import msgspec
import nkeys
from seatkeep_license.keys import SigningKey
from seatkeep_machine.files import file_replace
from seatkeep_protocol.sealing import seal_key_generate

from seatkeep_agent.errors import LocalFailureError


class _Stored(msgspec.Struct, frozen=True):
    signing_seed: bytes
    nkey_seed: str
    x25519_private: bytes
    x25519_public: bytes


class AgentKeys:
    """Three keys: one signs requests to the manager, one signs in at the broker, one opens sealed secrets."""

    def __init__(self, stored: _Stored) -> None:
        self._stored = stored
        self.signing = SigningKey(stored.signing_seed)
        self._nkey = nkeys.from_seed(stored.nkey_seed.encode())

    @property
    def nkey_public(self) -> str:
        """The broker's name for this agent (U…)."""
        return cast("bytes", self._nkey.public_key).decode()

    def nkey_sign(self, nonce: bytes) -> bytes:
        """The raw signature over the broker's nonce."""
        return cast("bytes", self._nkey.sign(nonce))

    @property
    def x25519_public(self) -> str:
        """The public key to seal secrets for, base64url."""
        return urlsafe_b64encode(self._stored.x25519_public).rstrip(b"=").decode()

    @property
    def x25519_private(self) -> bytes:
        """The key that opens sealed secrets."""
        return self._stored.x25519_private

    def __repr__(self) -> str:
        return f"AgentKeys({self.signing.kid})"


def agent_keys_load(path: Path) -> AgentKeys:
    """The keys in `path` (0600), made when there are none.

    Raises:
        LocalFailureError: The file is damaged; the device must be enrolled anew.
    """
    if not path.exists():
        file_replace(path, msgspec.json.encode(_generate()))
    try:
        return AgentKeys(msgspec.json.decode(path.read_bytes(), type=_Stored))
    except msgspec.MsgspecError as error:
        raise LocalFailureError(f"{path} is damaged: {error}") from error


def _generate() -> _Stored:
    private, public = seal_key_generate()
    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return _Stored(SigningKey.generate().seed, seed.decode(), private, public)
