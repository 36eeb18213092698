"""Windows."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from seatkeep_machine.windows.machine import WindowsMachine

from seatkeep_endpoint.defender.runner import Runner, windows_runner
from seatkeep_endpoint.platforms.base import Files, FolderWatch
from seatkeep_endpoint.platforms.windows_files import WindowsFiles
from seatkeep_endpoint.platforms.windows_watch import DirectoryChangesWatch


class WindowsPlatform(WindowsMachine):
    """Windows 10, Windows Server 2016 and later."""

    def __init__(self) -> None:
        self.files: Files = WindowsFiles()

    def default_settings(self) -> dict[str, Any]:
        profiles = Path(os.environ.get("PUBLIC", r"C:\Users\Public")).parent
        return {"scan.targets": [str(profiles)]}

    def defender_runner(self) -> Runner | None:
        return windows_runner()

    def watch(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        return DirectoryChangesWatch(folders, on_written, on_lost)
