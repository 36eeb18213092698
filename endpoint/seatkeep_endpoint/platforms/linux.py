"""Linux."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from collections.abc import Callable, Sequence
from typing import Any

from seatkeep_machine.linux import LinuxMachine

from seatkeep_endpoint.defender.runner import Runner
from seatkeep_endpoint.platforms.base import Files, FolderWatch
from seatkeep_endpoint.platforms.inotify import InotifyWatch
from seatkeep_endpoint.platforms.posix_files import PosixFiles


class LinuxPlatform(LinuxMachine):
    """Linux with /proc and /sys; root is not needed (then serial numbers stay unknown)."""

    def __init__(self) -> None:
        self.files: Files = PosixFiles()

    def default_settings(self) -> dict[str, Any]:
        return {}

    def defender_runner(self) -> Runner | None:
        return None

    def watch(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        return InotifyWatch(folders, on_written, on_lost)
