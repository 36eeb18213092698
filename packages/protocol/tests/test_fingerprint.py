"""Which machine is this?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_protocol.fingerprint import (
    Component,
    fingerprint_components,
    fingerprint_digest,
    fingerprint_score,
    is_same_machine,
)

SALT = "https://console.example.com"
MACHINE = {
    "machine_id": "b5fe7a1c",
    "board_serial": "PF2XYZ",
    "system_uuid": "4c4c4544-0042",
    "disk_serial": "S4EWNX0R",
    "mac": "52:54:00:12:34:56",
    "cpu": "AMD EPYC",
}
HASHED = fingerprint_components(MACHINE, SALT)


def test_values_do_not_leave_the_machine() -> None:
    assert set(HASHED) == set(MACHINE)
    assert all(len(digest) == 32 for digest in HASHED.values())
    assert not any(value in repr(HASHED) for value in MACHINE.values())


def test_other_salt_gives_nothing_to_join() -> None:
    other = fingerprint_components(MACHINE, "https://other.example")

    assert not set(HASHED.values()) & set(other.values())


def test_case_and_blanks_do_not_matter() -> None:
    shouted = {name: f"  {value.upper()} " for name, value in MACHINE.items()}

    assert fingerprint_components(shouted, SALT) == HASHED


@pytest.mark.parametrize("value", ["", "  ", "To be filled by O.E.M.", "0000-0000", "FF:FF:FF", "None"])
def test_makers_placeholder_identifies_nothing(value: str) -> None:
    assert fingerprint_components({"board_serial": value, "unknown_part": "x"}, SALT) == {}


@pytest.mark.parametrize("changed", list(Component))
def test_one_changed_part_keeps_the_identity(changed: str) -> None:
    seen = fingerprint_components(MACHINE | {changed: "something new"}, SALT)

    assert is_same_machine(HASHED, seen)


def test_clone_of_a_disk_in_other_hardware_is_another_machine() -> None:
    other = {"board_serial": "PF9", "system_uuid": "77", "disk_serial": "S9", "mac": "52:54:00:99", "cpu": "AMD EPYC"}

    assert not is_same_machine(HASHED, fingerprint_components(MACHINE | other, SALT))


def test_processor_alone_says_nothing() -> None:
    cpu = {"cpu": HASHED["cpu"]}

    assert fingerprint_score(cpu, cpu) == 0.0


@given(
    st.dictionaries(st.sampled_from(Component), st.text(max_size=3)),
    st.dictionaries(st.sampled_from(Component), st.text(max_size=3)),
)
def test_score_is_symmetric_and_between_zero_and_one(known: dict[str, str], seen: dict[str, str]) -> None:
    score = fingerprint_score(known, seen)

    assert 0.0 <= score <= 1.0
    assert score == fingerprint_score(seen, known)


def test_digest_does_not_depend_on_order() -> None:
    assert fingerprint_digest(HASHED) == fingerprint_digest(dict(reversed(HASHED.items())))
    assert len(fingerprint_digest(HASHED)) == 32
