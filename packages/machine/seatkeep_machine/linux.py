"""Linux, with /proc and /sys."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import socket
import struct
from contextlib import suppress
from pathlib import Path

from seatkeep_protocol.fingerprint import Component

from seatkeep_machine.posix import PosixMachine

DMI = Path("/sys/class/dmi/id")
PEER_CREDENTIALS = struct.Struct("3i")
PLACEHOLDERS = frozenset({"none", "default string", "to be filled by o.e.m.", "not specified", "system serial number"})


class LinuxMachine(PosixMachine):
    """Linux; root is not needed (then serial numbers stay unknown)."""

    def default_root(self) -> Path:
        return Path("/opt/seatkeep")

    def peer_user(self, connection: socket.socket) -> int:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER_CREDENTIALS.size)
        user: int = PEER_CREDENTIALS.unpack(credentials)[1]
        return user

    def fingerprint_components(self) -> dict[str, str]:
        found = {
            Component.MACHINE_ID: read(Path("/etc/machine-id")) or read(Path("/var/lib/dbus/machine-id")),
            Component.SYSTEM_UUID: dmi("product_uuid"),
            Component.BOARD_SERIAL: dmi("board_serial"),
            Component.DISK_SERIAL: first_disk_serial(),
            Component.MAC: first_physical_mac(),
            Component.CPU: cpu_name(),
        }
        return {name.value: value for name, value in found.items() if value}


def read(path: Path) -> str:
    """The stripped text of a file, "" when it cannot be read."""
    with suppress(OSError):
        return path.read_text(errors="replace").strip()
    return ""


def dmi(name: str) -> str:
    """A field that the maker filled in, "" for makers' placeholders."""
    value = read(DMI / name)[:255]
    return "" if value.lower() in PLACEHOLDERS else value


def first_disk_serial() -> str:
    """Serial number of the first disk that has one."""
    for disk in sorted(Path("/sys/block").glob("*")):
        if serial := read(disk / "device" / "serial") or read(disk / "serial"):
            return serial
    return ""


def first_physical_mac() -> str:
    """Address of the first network card with a device behind it."""
    for device in sorted(Path("/sys/class/net").glob("*/device")):
        if mac := read(device.parent / "address"):
            return mac
    return ""


def cpu_name() -> str:
    """Model name of the first processor."""
    for line in read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()[:255]
    return ""
