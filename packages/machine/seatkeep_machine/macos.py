"""macOS. Written by the manual pages of getpeereid(3) and ioreg(8); nobody has run it yet."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import re
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from seatkeep_protocol.fingerprint import Component

from seatkeep_machine.posix import PosixMachine

LOCAL_PEERCRED = 0x001
PEER_CREDENTIALS = struct.Struct("=IIh16I")
SOL_LOCAL = 0
COMMAND_SECONDS = 10


class MacMachine(PosixMachine):
    """macOS; untested."""

    longest_socket_path = 100

    def default_root(self) -> Path:
        return Path("/Library/Application Support/Seatkeep")

    def peer_user(self, connection: socket.socket) -> int:
        credentials = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, PEER_CREDENTIALS.size)
        user: int = struct.unpack_from("=II", credentials)[1]
        return user

    def fingerprint_components(self) -> dict[str, str]:
        listing = io_registry("IOPlatformExpertDevice")
        found = {
            Component.SYSTEM_UUID: io_field(listing, "IOPlatformUUID"),
            Component.BOARD_SERIAL: io_field(listing, "IOPlatformSerialNumber"),
        }
        return {name.value: value for name, value in found.items() if value}


def io_registry(name: str) -> str:
    """What ioreg(8) prints of a class of devices, "" when it does not answer."""
    with suppress(subprocess.SubprocessError, OSError):
        done = subprocess.run(
            ["/usr/sbin/ioreg", "-rd1", "-c", name], check=False, capture_output=True, timeout=COMMAND_SECONDS
        )
        return done.stdout.decode("utf-8", "replace")
    return ""


def io_field(listing: str, name: str) -> str:
    """A text field of a listing, "" when it is not there."""
    found = re.search(rf'"{name}" = "([^"]+)"', listing)
    return found.group(1) if found else ""
