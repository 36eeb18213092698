"""The firmware's table, as makers fill it and as hostile ones might."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st
from seatkeep_machine.smbios import Firmware, firmware_parse

UUID = uuid.UUID("4c4c4544-0042-3510-8052-b4c04f4e4e32")


def structure(kind: int, fields: bytes, *strings: str) -> bytes:
    """One structure with its strings."""
    texts = b"".join(text.encode() + b"\0" for text in strings) or b"\0"
    return bytes([kind, 4 + len(fields), 0, 0]) + fields + texts + b"\0"


def system(raw_uuid: bytes = UUID.bytes_le, serial: str = "5B5RBN2") -> bytes:
    return structure(1, bytes([1, 2, 0, 3]) + raw_uuid + b"\6\0\0", "Dell Inc.", "Latitude 7490", serial)


BIOS = structure(0, bytes(14), "Dell Inc.", "1.2.3")
BOARD = structure(2, bytes([1, 2, 0, 3]), "Dell Inc.", "0KP0FT", "/5B5RBN2/CN12963/")
END = structure(127, b"")


def test_system_and_board_are_read() -> None:
    assert firmware_parse(BIOS + system() + BOARD + END) == Firmware(
        manufacturer="Dell Inc.", model="Latitude 7490", serial="5B5RBN2", system_uuid=str(UUID),
        board_serial="/5B5RBN2/CN12963/",
    )  # fmt: skip


def test_what_the_maker_did_not_fill_is_empty() -> None:
    found = firmware_parse(system(b"\xff" * 16, "To Be Filled By O.E.M."))
    assert (found.system_uuid, found.serial) == ("", "")


def test_the_second_board_does_not_count() -> None:
    second = structure(2, bytes([0, 0, 0, 1]), "riser")
    assert firmware_parse(BOARD + second).board_serial == "/5B5RBN2/CN12963/"


@given(st.binary(max_size=400))
def test_no_table_makes_it_fail(table: bytes) -> None:
    firmware_parse(table)


@given(st.integers(min_value=0, max_value=120))
def test_a_table_that_is_cut_off_gives_what_is_whole(length: int) -> None:
    assert firmware_parse((BIOS + system() + BOARD)[:length]).model in ("", "Latitude 7490")
