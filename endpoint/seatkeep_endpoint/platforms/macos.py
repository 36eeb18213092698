"""macOS, as far as it costs little; nobody has run it. Folders are not watched yet."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from collections.abc import Callable, Sequence
from typing import Any

from seatkeep_machine.macos import MacMachine

from seatkeep_endpoint.defender.runner import Runner
from seatkeep_endpoint.errors import WatchUnavailableError
from seatkeep_endpoint.platforms.base import Files, FolderWatch
from seatkeep_endpoint.platforms.posix_files import PosixFiles


class MacPlatform(MacMachine):
    """macOS; untested."""

    def __init__(self) -> None:
        self.files: Files = PosixFiles()

    def default_settings(self) -> dict[str, Any]:
        return {"scan.targets": ["/Users"]}

    def defender_runner(self) -> Runner | None:
        return None

    def watch(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        raise WatchUnavailableError("folders cannot be watched on macOS yet")
