"""Files are examined soon after they were written, in the folders that policy names.

This is no on-access protection: a program may read or run a file before it was examined.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from seatkeep_endpoint.errors import EndpointError
from seatkeep_endpoint.platforms.base import FolderWatch

log = logging.getLogger(__name__)
SETTLE_SECONDS = 1.0
LATEST_SECONDS = 10.0
WAITING_LIMIT = 50_000
SETTING = "watch.folders"


class Watch(Protocol):
    """How the operating system is asked to watch."""

    def __call__(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> FolderWatch:
        """Begin to watch."""


class Written:
    """Files that were written and are to be examined once they rest; pure.

    A file that is written again and again is examined after 10 s all the same.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[float, float]] = {}

    def note(self, path: str, now: float) -> None:
        """A file was written at `now`, seconds of any steady clock. Beyond 50,000 waiting ones it is passed over."""
        if path in self._files or len(self._files) < WAITING_LIMIT:
            first, _ = self._files.get(path, (now, now))
            self._files[path] = (first, now)

    def take_due(self, now: float) -> list[str]:
        """Files that rest since a second, or were first written ten seconds ago; they wait no longer."""
        due = [
            path
            for path, (first, last) in self._files.items()
            if now - last >= SETTLE_SECONDS or now - first >= LATEST_SECONDS
        ]
        for path in due:
            del self._files[path]
        return due


class Watcher:
    """Follows the setting `watch.folders`.

    Args:
        watch: Asks the operating system.
        folders: The folders that the settings in force name.
        examine: Examines files, in the thread that calls it; the loop is where news are told.
    """

    def __init__(
        self,
        *,
        watch: Watch,
        folders: Callable[[], list[str]],
        examine: Callable[[list[str], asyncio.AbstractEventLoop], None],
    ) -> None:
        self._watch, self._folders, self._examine = watch, folders, examine
        self._watched: list[str] = []
        self._current: FolderWatch | None = None
        self._written = Written()
        self._changing = threading.Lock()
        self.errors: dict[str, str] = {}

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch what the settings say now; blocks while big folders are being gone through."""
        with self._changing:
            self._follow(loop)

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        wanted = self._folders()
        if wanted == self._watched and not self.errors:
            return
        self.close()
        self._watched, self.errors = wanted, {}
        if not wanted:
            return
        missing = [folder for folder in wanted if not Path(folder).is_dir()]
        if missing:
            self.errors = {SETTING: f"there is no folder {', '.join(missing)}"}
        try:
            self._current = self._watch(
                [folder for folder in wanted if folder not in missing],
                lambda path: self._note(loop, path),
                lambda folder: self._note(loop, folder),
            )
        except (OSError, EndpointError) as error:
            self.errors = {SETTING: str(error)}

    async def run(self) -> None:
        """Examine what was written, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SETTLE_SECONDS / 2)
            due = self._written.take_due(time.monotonic())
            if due:
                await asyncio.to_thread(self._examine_safely, due, loop)

    def _examine_safely(self, paths: list[str], loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._examine(paths, loop)
        except (EndpointError, OSError) as error:
            log.warning("%d written files were not examined: %s", len(paths), error)

    def _note(self, loop: asyncio.AbstractEventLoop, path: str) -> None:
        """In a thread of the watch."""
        try:
            loop.call_soon_threadsafe(self._written.note, path, time.monotonic())
        except RuntimeError:
            log.debug("a file was written after the end")

    def close(self) -> None:
        """Stop watching. Idempotent."""
        if self._current is not None:
            self._current.close()
            self._current = None
