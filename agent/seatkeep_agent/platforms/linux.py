"""Linux: systemd where it runs, a supervised background process elsewhere."""

from __future__ import annotations

import asyncio
import os
import platform as python_platform
import pwd
import shutil
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

from seatkeep_agent.errors import EndpointAbsentError, LocalFailureError
from seatkeep_agent.platforms import linux_inventory
from seatkeep_agent.platforms.linux_service import LinuxService

PEER_CREDENTIALS = struct.Struct("3i")
DESKTOP_TARGET = "graphical.target"


class LinuxPlatform(LinuxService):
    """Linux with /proc and /sys; root is needed only for services, serial numbers and a restart."""

    def default_root(self) -> Path:
        return Path("/opt/seatkeep")

    async def connect_local(self, path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        connection = socket.socket(socket.AF_UNIX)
        connection.setblocking(False)
        try:
            connect_private(connection, path)
            peer_uid = PEER_CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        except OSError as error:
            connection.close()
            raise EndpointAbsentError(f"nobody listens at {path}: {error}") from error
        if peer_uid not in (0, os.geteuid()):
            connection.close()
            raise EndpointAbsentError(f"user {peer_uid} listens at {path}; not talking to it")
        return await asyncio.open_unix_connection(sock=connection)

    def hostname(self) -> str:
        return socket.gethostname()

    def kind(self) -> DeviceKind:
        has_desktop = any(Path("/usr/share").glob("*sessions/*.desktop"))
        return DeviceKind.WORKSTATION if has_desktop else DeviceKind.SERVER

    def os_info(self) -> OsInfo:
        release: dict[str, str] = {}
        with suppress(OSError):
            release = python_platform.freedesktop_os_release()
        return OsInfo(
            family=OsFamily.LINUX,
            name=release.get("NAME", "Linux")[:255],
            version=release.get("VERSION_ID", python_platform.release())[:255],
            arch=python_platform.machine(),
        )

    def hardware(self) -> Hardware:
        return linux_inventory.hardware()

    def software(self) -> list[Software]:
        return linux_inventory.software()

    def fingerprint_components(self) -> dict[str, str]:
        return linux_inventory.fingerprint_components()

    def addresses(self) -> list[str]:
        return linux_inventory.addresses()

    def user(self) -> str:
        with suppress(OSError, RuntimeError):
            sessions = psutil.users()
            return sessions[0].name[:255] if sessions else ""
        return ""

    def message_user(self, text: str) -> bool:
        wall = shutil.which("wall")
        if wall is None or not self.user():
            return False
        return subprocess.run([wall, "--", text], check=False, capture_output=True, timeout=10).returncode == 0

    def restart(self, delay_minutes: int) -> None:
        shutdown = shutil.which("shutdown")
        if shutdown is None or os.geteuid() != 0:
            raise LocalFailureError("only root can restart this machine")
        subprocess.run([shutdown, "-r", f"+{delay_minutes}"], check=True, capture_output=True, timeout=10)


def connect_private(connection: socket.socket, path: Path) -> None:
    """Connect to a Unix socket, also when its path is longer than the kernel's 107 bytes."""
    folder_fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        is_long = len(os.fsencode(path)) > 100
        connection.connect(f"/proc/self/fd/{folder_fd}/{path.name}" if is_long else str(path))
    finally:
        os.close(folder_fd)


def user_name() -> str:
    """The user that this process runs as."""
    return pwd.getpwuid(os.geteuid()).pw_name
