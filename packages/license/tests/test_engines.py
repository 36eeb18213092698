"""Another engine may compute signatures; it must give the same ones and refuse the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_license.errors import SignatureInvalidError
from seatkeep_license.keys import SigningKey, use_engine


class Recorder:
    """An engine that signs with a constant and trusts it."""

    def sign(self, *, seed: bytes, public: bytes, message: bytes) -> bytes:
        return b"s" * 64

    def is_genuine(self, *, public: bytes, signature: bytes, message: bytes) -> bool:
        return signature == b"s" * 64


@pytest.fixture
def recorder() -> Iterator[None]:
    use_engine(Recorder())
    yield
    use_engine(None)


def test_the_chosen_engine_signs_and_verifies(recorder: None) -> None:
    key = SigningKey.generate()
    assert key.sign(b"message") == b"s" * 64
    with pytest.raises(SignatureInvalidError):
        key.verify_key.verify(b"x" * 64, b"message")


@given(st.binary(max_size=200))
def test_without_a_choice_signatures_are_genuine(message: bytes) -> None:
    key = SigningKey.generate()
    key.verify_key.verify(key.sign(message), message)
