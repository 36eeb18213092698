"""What the firmware says about the machine: the SMBIOS table, read from its bytes.

Source:
    DMTF DSP0134, System Management BIOS Reference Specification, §6.1 (structures), §7.2 and §7.3 (system, board).
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Iterator
from typing import NamedTuple

HEADER = struct.Struct("<BBH")
SYSTEM, BOARD, END = 1, 2, 127
PLACEHOLDERS = frozenset({"none", "default string", "to be filled by o.e.m.", "not specified", "system serial number"})


class Firmware(NamedTuple):
    """Fields that the maker filled in, "" for those it did not."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    system_uuid: str = ""
    board_serial: str = ""


class Structure(NamedTuple):
    """One entry of the table: its kind, its bytes (header included) and the strings after it."""

    kind: int
    fields: bytes
    strings: list[str]

    def text(self, offset: int) -> str:
        """The string whose number stands at `offset`, "" for none and for makers' placeholders."""
        number = self.fields[offset] if offset < len(self.fields) else 0
        value = self.strings[number - 1].strip()[:255] if 0 < number <= len(self.strings) else ""
        return "" if value.lower() in PLACEHOLDERS else value


def firmware_parse(table: bytes) -> Firmware:
    """Read the table's structures (without any header that the operating system puts before them); never raises."""
    found = Firmware()
    for structure in structures(table):
        if structure.kind == SYSTEM:
            found = found._replace(
                manufacturer=structure.text(0x04), model=structure.text(0x05), serial=structure.text(0x07),
                system_uuid=system_uuid(structure.fields),
            )  # fmt: skip
        elif structure.kind == BOARD and not found.board_serial:
            found = found._replace(board_serial=structure.text(0x07))
    return found


def system_uuid(fields: bytes) -> str:
    """The machine's UUID; "" when it is missing or all zeros or ones, which means "not set"."""
    raw = fields[0x08:0x18]
    if len(raw) < 16 or raw in (bytes(16), b"\xff" * 16):
        return ""
    return str(uuid.UUID(bytes_le=raw))


def structures(table: bytes) -> Iterator[Structure]:
    """Every structure up to the end mark, or to where the table is cut off or makes no sense."""
    position = 0
    while position + HEADER.size <= len(table):
        kind, length, _ = HEADER.unpack_from(table, position)
        end = table.find(b"\0\0", position + length)
        if length < HEADER.size or end < 0 or kind == END:
            return
        strings = table[position + length : end].split(b"\0")
        texts = [text.decode("utf-8", "replace") for text in strings if text]
        yield Structure(kind, table[position : position + length], texts)
        position = end + 2
