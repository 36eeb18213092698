"""License keys: what they detect, what they forgive."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from seatkeep_license.errors import LicenseKeyTypoError, PublicIdTypoError
from seatkeep_license.license_keys import ALPHABET, generate, normalize, parse, public_id_generate, public_id_parse

keys = st.binary(min_size=16, max_size=16).map(generate)
public_ids = st.binary(min_size=5, max_size=5).map(public_id_generate)


def test_known_key() -> None:
    assert generate(bytes(16)) == "00000-00000-00000-00000-00000-0"
    assert generate(bytes(range(16))) == parse(generate(bytes(range(16))))


@given(keys)
def test_key_reads_back_as_shown(key: str) -> None:
    assert parse(key) == key
    assert normalize(key) == key.replace("-", "")
    assert [len(group) for group in key.split("-")] == [5, 5, 5, 5, 5, 1]


@given(keys, st.integers(0, 25), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_detected(key: str, place: int, wrong: str) -> None:
    plain = key.replace("-", "")
    assume(plain[place] != wrong)
    with pytest.raises(LicenseKeyTypoError):
        normalize(plain[:place] + wrong + plain[place + 1 :])


@given(keys, st.integers(0, 25), st.integers(0, 25))
def test_any_swap_of_two_characters_is_detected_adjacent_or_not(key: str, one: int, other: int) -> None:
    characters = list(key.replace("-", ""))
    assume(characters[one] != characters[other])
    characters[one], characters[other] = characters[other], characters[one]
    with pytest.raises(LicenseKeyTypoError):
        normalize("".join(characters))


def test_every_wrong_character_and_swap_of_one_key_is_detected() -> None:
    plain = normalize(generate(bytes(range(100, 116))))
    wrong = {plain[:place] + c + plain[place + 1 :] for place in range(26) for c in ALPHABET} - {plain}
    swapped = {plain[:i] + plain[i + 1] + plain[i] + plain[i + 2 :] for i in range(25)} - {plain}
    for text in wrong | swapped:
        with pytest.raises(LicenseKeyTypoError):
            normalize(text)


@given(keys, st.randoms(use_true_random=False))
def test_reading_forgives_case_look_alikes_and_dashes(key: str, random: object) -> None:
    typed = key.lower().replace("0", "o").replace("1", "l").replace("-", " \u2013 ")

    assert parse(typed) == key
    assert parse(key.replace("1", "I").replace("0", "O").replace("-", "")) == key


@pytest.mark.parametrize(
    "text", ["", "-", "00000-00000-00000-00000-00000", "U" * 26, "0" * 27, "0" * 25 + "é", "ß" * 13]
)
def test_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(LicenseKeyTypoError):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_worse(text: str) -> None:
    try:
        key = parse(text)
    except LicenseKeyTypoError:
        return
    assert parse(key) == key


@given(public_ids, st.integers(0, 8), st.sampled_from(ALPHABET))
def test_public_id_reads_back_and_detects_a_wrong_character(public_id: str, place: int, wrong: str) -> None:
    assert public_id_parse(public_id.lower()) == public_id
    plain = public_id.replace("-", "")
    assume(plain[place] != wrong)
    with pytest.raises(PublicIdTypoError):
        public_id_parse(plain[:place] + wrong + plain[place + 1 :])


def test_too_little_randomness_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="16"):
        generate(b"short")
