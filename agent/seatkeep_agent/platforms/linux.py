"""Linux: systemd where it runs, a supervised background process elsewhere."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import platform as python_platform
import shutil
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms import linux_inventory
from seatkeep_agent.platforms.inventory import addresses
from seatkeep_agent.platforms.linux_service import LinuxService

RESTART_MARK = Path("/run/reboot-required")
"""Debian and Ubuntu write it when an update waits for a restart."""


class LinuxPlatform(LinuxService):
    """Linux with /proc and /sys; root is needed only for services, serial numbers and a restart."""

    def hostname(self) -> str:
        return socket.gethostname()

    def domain(self) -> str:
        return linux_inventory.domain()

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

    def addresses(self) -> list[str]:
        return addresses()

    def user(self) -> str:
        with suppress(OSError, RuntimeError):
            sessions = psutil.users()
            return sessions[0].name[:255] if sessions else ""
        return ""

    def last_user(self) -> str:
        return self.user()

    def needs_restart(self) -> bool:
        return RESTART_MARK.exists()

    def message_user(self, text: str) -> bool:
        wall = shutil.which("wall")
        if wall is None or not self.user():
            return False
        return subprocess.run([wall, "--", text], check=False, capture_output=True, timeout=10).returncode == 0

    def offer_later(self, text: str, answer: Path, minutes: int) -> None:
        self.message_user(f"{text}\nTo put it off, type: echo later > {answer}")

    def restart(self, delay_minutes: int) -> None:
        shutdown("-r", delay_minutes)

    def shut_down(self, delay_minutes: int) -> None:
        shutdown("-P", delay_minutes)


def shutdown(what: str, delay_minutes: int) -> None:
    """Ask the system to restart (-r) or to turn itself off (-P).

    Raises:
        LocalFailureError: Not allowed, or it said no.
    """
    program = shutil.which("shutdown")
    if program is None or os.geteuid() != 0:
        raise LocalFailureError("only root can restart this machine or shut it down")
    try:
        subprocess.run([program, what, f"+{delay_minutes}"], check=True, capture_output=True, timeout=10)
    except subprocess.SubprocessError as error:
        raise LocalFailureError(f"this machine does not restart or shut down: {error}") from error
