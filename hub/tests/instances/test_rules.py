"""Codes that people type."""

from hypothesis import given
from hypothesis import strategies as st
from seatkeep_hub.instances.rules import USER_CODE_ALPHABET, user_code, user_code_normalize


@given(st.binary(min_size=16, max_size=16))
def test_a_code_survives_typing(random_bytes: bytes) -> None:
    code = user_code(random_bytes)
    assert user_code_normalize(f" {code.lower().replace('-', '')} ") == code


@given(st.binary(min_size=16, max_size=16))
def test_a_code_has_no_vowel(random_bytes: bytes) -> None:
    assert set(user_code(random_bytes)) <= set(USER_CODE_ALPHABET) | {"-"}
