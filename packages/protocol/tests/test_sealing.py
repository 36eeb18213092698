"""Secrets for one device."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import DEVICE, OTHER
from seatkeep_protocol.errors import SealBrokenError
from seatkeep_protocol.sealing import seal, seal_context, seal_key_generate, unseal

PRIVATE, PUBLIC = seal_key_generate()
CONTEXT = seal_context(DEVICE, "proxy.password")
SEALED = seal(b"secret", recipient=PUBLIC, context=CONTEXT)


@given(st.binary(max_size=2_000))
def test_secret_comes_back(secret: bytes) -> None:
    assert unseal(seal(secret, recipient=PUBLIC, context=CONTEXT), private_key=PRIVATE, context=CONTEXT) == secret


def test_same_secret_never_looks_the_same() -> None:
    assert seal(b"secret", recipient=PUBLIC, context=CONTEXT) != SEALED


def test_secret_of_another_device_stays_closed() -> None:
    with pytest.raises(SealBrokenError):
        unseal(SEALED, private_key=seal_key_generate()[0], context=CONTEXT)


@pytest.mark.parametrize("context", [seal_context(OTHER, "proxy.password"), seal_context(DEVICE, "other"), b""])
def test_secret_moved_to_another_place_stays_closed(context: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(SEALED, private_key=PRIVATE, context=context)


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_no_flipped_byte_opens(place: int, mask: int) -> None:
    damaged = bytearray(SEALED)
    damaged[place] ^= mask
    with pytest.raises(SealBrokenError):
        unseal(bytes(damaged), private_key=PRIVATE, context=CONTEXT)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(32), bytes(48)])
def test_garbage_is_refused(sealed: bytes) -> None:
    with pytest.raises(SealBrokenError):
        unseal(sealed, private_key=PRIVATE, context=CONTEXT)


@pytest.mark.parametrize("recipient", [b"", bytes(31), bytes(32)])
def test_useless_recipient_is_refused(recipient: bytes) -> None:
    with pytest.raises(SealBrokenError):
        seal(b"secret", recipient=recipient, context=CONTEXT)
