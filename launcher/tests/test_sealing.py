"""Sealing: what opens, and that nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seatkeep_launcher import sealing
from seatkeep_launcher.sealing import KitKey, Passphrase, SealError, kit_key_generate, seal, unseal

KIT = KitKey(bytes(range(32)))
WORDS = Passphrase("correct horse battery staple")
CONTENT = b"the key ring"


@pytest.fixture(autouse=True)
def _quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SCRYPT_N", 2**8)


def test_either_way_opens_alone() -> None:
    sealed = seal(CONTENT, [KIT, WORDS])
    assert unseal(sealed, KIT) == unseal(sealed, WORDS) == CONTENT


def test_wrong_passphrase_is_refused() -> None:
    with pytest.raises(SealError, match="passphrase does not open"):
        unseal(seal(CONTENT, [KIT, WORDS]), Passphrase("correct horse battery stable"))


def test_recovery_kit_of_another_installation_is_refused() -> None:
    with pytest.raises(SealError, match="recovery kit does not open"):
        unseal(seal(CONTENT, [KIT]), kit_key_generate())


def test_passphrase_is_refused_where_none_was_set() -> None:
    with pytest.raises(SealError, match="passphrase does not open"):
        unseal(seal(CONTENT, [KIT]), WORDS)


SEALED = seal(CONTENT, [KIT])


@given(place=st.integers(0, len(SEALED) - 1), change=st.integers(1, 255))
@settings(max_examples=300)
def test_no_flipped_byte_opens(place: int, change: int) -> None:
    damaged = bytearray(SEALED)
    damaged[place] ^= change
    with pytest.raises(SealError):
        unseal(bytes(damaged), KIT)


@given(length=st.integers(0, len(SEALED) - 1))
def test_no_truncated_file_opens(length: int) -> None:
    with pytest.raises(SealError):
        unseal(SEALED[:length], KIT)


@given(content=st.binary(max_size=2000))
def test_content_comes_back_as_it_was(content: bytes) -> None:
    assert unseal(seal(content, [KIT]), KIT) == content


def test_nothing_is_sealed_for_nobody() -> None:
    with pytest.raises(ValueError, match="at least one way"):
        seal(CONTENT, [])
