"""macOS, as far as it costs little: background processes and inventory; no launchd yet. Nobody has run it."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import platform as python_platform
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from seatkeep_machine.macos import MacMachine, io_field, io_registry
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind, OsFamily

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms.background import BackgroundProcesses
from seatkeep_agent.platforms.inventory import addresses, disks, network_cards

NO_LAUNCHD = "launchd is not supported yet"


class MacPlatform(MacMachine, BackgroundProcesses):
    """macOS; untested."""

    def has_service_manager(self) -> bool:
        return False

    def service_install(self, root: Path, program: list[str]) -> None:
        raise LocalFailureError(NO_LAUNCHD)

    def service_remove(self, root: Path) -> None:
        return

    def service_state(self, root: Path) -> str:
        pid = self.holder(root / "run" / "agent.pid")
        return f"background process {pid}" if pid else "not running"

    def service_run(self, root: Path, run: Callable[[], int]) -> int:
        raise LocalFailureError(NO_LAUNCHD)

    def hostname(self) -> str:
        return socket.gethostname()

    def domain(self) -> str:
        return ""

    def kind(self) -> DeviceKind:
        return DeviceKind.WORKSTATION

    def os_info(self) -> OsInfo:
        version = python_platform.mac_ver()[0]
        return OsInfo(family=OsFamily.MACOS, name="macOS", version=version, arch=python_platform.machine())

    def hardware(self) -> Hardware:
        listing = io_registry("IOPlatformExpertDevice")
        return Hardware(
            manufacturer="Apple",
            serial=io_field(listing, "IOPlatformSerialNumber")[:255],
            cpu_cores=psutil.cpu_count() or 0,
            ram_bytes=psutil.virtual_memory().total,
            disks=disks(),
            network=network_cards(),
        )

    def software(self) -> list[Software]:
        return [Software(name=app.stem[:255]) for app in sorted(Path("/Applications").glob("*.app"))]

    def addresses(self) -> list[str]:
        return addresses()

    def user(self) -> str:
        with suppress(OSError, RuntimeError):
            return next((one.name[:255] for one in psutil.users()), "")
        return ""

    def last_user(self) -> str:
        return self.user()

    def needs_restart(self) -> bool:
        return False

    def message_user(self, text: str) -> bool:
        return False

    def offer_later(self, text: str, answer: Path, minutes: int) -> None:
        self.message_user(text)

    def restart(self, delay_minutes: int) -> None:
        shutdown("-r", delay_minutes)

    def shut_down(self, delay_minutes: int) -> None:
        shutdown("-h", delay_minutes)


def shutdown(what: str, delay_minutes: int) -> None:
    """Ask the system to restart (-r) or to turn itself off (-h).

    Raises:
        LocalFailureError: Not allowed.
    """
    program = shutil.which("shutdown")
    if program is None or os.geteuid() != 0:
        raise LocalFailureError("only root can restart this machine or shut it down")
    subprocess.run([program, what, f"+{delay_minutes}"], check=True, capture_output=True, timeout=10)
