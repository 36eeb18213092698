"""Linux."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_protocol.fingerprint import Component

from seatkeep_endpoint.platforms.base import ConnectionHandler


class LinuxPlatform:
    """Linux with /proc and /sys; root is not needed (then serial numbers stay unknown)."""

    def total_ram_bytes(self) -> int:
        return int(psutil.virtual_memory().total)

    def fingerprint_components(self) -> dict[str, str]:
        found = {
            Component.MACHINE_ID: read_first("/etc/machine-id", "/var/lib/dbus/machine-id"),
            Component.BOARD_SERIAL: read_first("/sys/class/dmi/id/board_serial"),
            Component.SYSTEM_UUID: read_first("/sys/class/dmi/id/product_uuid"),
            Component.MAC: first_physical_mac(),
        }
        return {name.value: value for name, value in found.items() if value}

    def lock(self, path: Path) -> int | None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    async def serve_local(self, path: Path, handler: ConnectionHandler) -> asyncio.AbstractServer:
        listener = socket.socket(socket.AF_UNIX)
        bind_private(listener, path)
        return await asyncio.start_unix_server(handler, sock=listener)


def bind_private(listener: socket.socket, path: Path) -> None:
    """Bind a Unix socket 0600 in place of a stale one; paths beyond the kernel's 107 bytes go through the folder."""
    path.unlink(missing_ok=True)
    mask = os.umask(0o177)
    folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        is_long = len(os.fsencode(path)) > 100
        listener.bind(f"/proc/self/fd/{folder_fd}/{path.name}" if is_long else str(path))
    finally:
        os.close(folder_fd)
        os.umask(mask)


def read_first(*paths: str) -> str:
    """The stripped text of the first readable file, else ""."""
    for path in paths:
        with suppress(OSError):
            return Path(path).read_text(errors="replace").strip()
    return ""


def first_physical_mac() -> str:
    """The address of the first network card with a device behind it, by name."""
    for card in sorted(Path("/sys/class/net").glob("*/device")):
        if mac := read_first(str(card.parent / "address")):
            return mac
    return ""
