"""Ids inside subjects and keys: UUIDs as 32 lower-case hex digits."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import NewType

from seatkeep_protocol.errors import IdMalformedError

DeviceId = NewType("DeviceId", str)
CompanyId = NewType("CompanyId", str)
GroupId = NewType("GroupId", str)
InstanceId = NewType("InstanceId", str)

PART_COUNT = 16
HEX_PATTERN = "^[0-9a-f]{32}$"
_HEX = re.compile("[0-9a-f]{32}")


def hex_of(uid: uuid.UUID) -> str:
    """Return a uid as it stands in subjects, keys and documents."""
    return uid.hex


def hex_parse(text: str) -> str:
    """Return `text` if it is 32 lower-case hex digits.

    Raises:
        IdMalformedError: It is not.
    """
    if not _HEX.fullmatch(text):
        raise IdMalformedError
    return text


def device_id(uid: uuid.UUID | str) -> DeviceId:
    """Return a device's uid, or its text, as a DeviceId.

    Raises:
        IdMalformedError: The text is not 32 lower-case hex digits.
    """
    return DeviceId(hex_parse(uid.hex if isinstance(uid, uuid.UUID) else uid))


def uid_of(text: str) -> uuid.UUID:
    """Return the UUID behind 32 hex digits.

    Raises:
        IdMalformedError: It is not 32 lower-case hex digits.
    """
    return uuid.UUID(hex_parse(text))


def part_of(device: DeviceId | str) -> str:
    """Return the part, `00` to `15`, whose consumer gets a device's messages.

    Source:
        wire.md §7: first byte of SHA-256 of the hex digits as ASCII, mod 16.
    """
    return f"{hashlib.sha256(device.encode('ascii')).digest()[0] % PART_COUNT:02d}"


def parts() -> list[str]:
    """Return all parts in order."""
    return [f"{part:02d}" for part in range(PART_COUNT)]
