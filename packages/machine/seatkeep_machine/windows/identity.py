"""What makes this machine this one: registry, firmware, disk, network card."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import struct
import winreg
from contextlib import suppress
from functools import cache

import psutil
import pywintypes
import win32con
import win32file
from seatkeep_protocol.fingerprint import Component

from seatkeep_machine.smbios import Firmware, firmware_parse

RAW_SMBIOS = 0x52534D42
RAW_SMBIOS_HEADER_BYTES = 8
IOCTL_STORAGE_QUERY_PROPERTY = 0x002D1400
DESCRIPTOR_BYTES = 1024
SERIAL_OFFSET_AT = 24
LOCALLY_ADMINISTERED = 0x02
PROCESSOR = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"


def fingerprint_components() -> dict[str, str]:
    """Raw identity of this machine by component."""
    found = {
        Component.MACHINE_ID: registry_text(r"SOFTWARE\Microsoft\Cryptography", "MachineGuid"),
        Component.SYSTEM_UUID: firmware().system_uuid,
        Component.BOARD_SERIAL: firmware().board_serial,
        Component.DISK_SERIAL: disk_serial(),
        Component.MAC: first_physical_mac(),
        Component.CPU: cpu_name(),
    }
    return {name.value: value for name, value in found.items() if value}


def registry_text(key: str, name: str) -> str:
    """A value below HKEY_LOCAL_MACHINE as text, "" when there is none."""
    with (
        suppress(OSError),
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened,
    ):
        return str(winreg.QueryValueEx(opened, name)[0]).strip()
    return ""


@cache
def firmware() -> Firmware:
    """What the firmware says of the machine."""
    kernel = ctypes.WinDLL("kernel32")
    size = kernel.GetSystemFirmwareTable(RAW_SMBIOS, 0, None, 0)
    table = ctypes.create_string_buffer(size)
    kernel.GetSystemFirmwareTable(RAW_SMBIOS, 0, table, size)
    return firmware_parse(table.raw[RAW_SMBIOS_HEADER_BYTES:])


def disk_serial() -> str:
    """Serial number of the first disk, "" when it has none or hides it."""
    query = struct.pack("<III", 0, 0, 0)
    try:
        disk = win32file.CreateFile(
            r"\\.\PhysicalDrive0", 0, win32con.FILE_SHARE_READ | win32con.FILE_SHARE_WRITE, None,
            win32con.OPEN_EXISTING, 0, None,
        )  # fmt: skip
        answer = bytes(
            win32file.DeviceIoControl(int(disk), IOCTL_STORAGE_QUERY_PROPERTY, query, DESCRIPTOR_BYTES, None)
        )
    except pywintypes.error:
        return ""
    return serial_of(bytes(answer))


def serial_of(descriptor: bytes) -> str:
    """The serial number in a STORAGE_DEVICE_DESCRIPTOR."""
    if len(descriptor) < SERIAL_OFFSET_AT + 4:
        return ""
    (offset,) = struct.unpack_from("<I", descriptor, SERIAL_OFFSET_AT)
    return descriptor[offset:].partition(b"\0")[0].decode("ascii", "replace").strip() if offset else ""


def first_physical_mac() -> str:
    """Address of the first network card, by name; those that software made up are passed over."""
    for _, entries in sorted(psutil.net_if_addrs().items()):
        for entry in entries:
            if entry.family == psutil.AF_LINK and is_physical(entry.address):
                return str(entry.address).replace("-", ":").lower()
    return ""


def is_physical(mac: str) -> bool:
    """Whether a card's maker gave it this address."""
    digits = mac.replace("-", "").replace(":", "")
    return len(digits) == 12 and not int(digits[:2], 16) & LOCALLY_ADMINISTERED and bool(int(digits, 16))


def cpu_name() -> str:
    """Model name of the first processor."""
    return registry_text(PROCESSOR, "ProcessorNameString")[:255]
