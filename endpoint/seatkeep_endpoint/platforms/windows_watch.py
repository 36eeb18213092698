"""Folders watched by ReadDirectoryChangesW, folders within them included.

Source:
    Windows documentation, "ReadDirectoryChangesW": an empty answer means that the buffer was too small.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import logging
import ntpath
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pywintypes
import win32con
import win32event
import win32file

from seatkeep_endpoint.platforms.windows_files import SHARE_ALL
from seatkeep_endpoint.platforms.windows_places import extended

log = logging.getLogger(__name__)
FILE_LIST_DIRECTORY = 0x0001
BUFFER_BYTES = 64 * 1024
"""More is refused on network drives."""
WATCHED = (
    win32con.FILE_NOTIFY_CHANGE_FILE_NAME
    | win32con.FILE_NOTIFY_CHANGE_DIR_NAME
    | win32con.FILE_NOTIFY_CHANGE_LAST_WRITE
    | win32con.FILE_NOTIFY_CHANGE_SIZE
)
ADDED, MODIFIED, RENAMED_TO = 1, 3, 5
WRITTEN = (ADDED, MODIFIED, RENAMED_TO)


class DirectoryChangesWatch:
    """Watches each folder in a thread of its own.

    Args:
        folders: Absolute; one that does not exist is passed over.
        on_written: Called with each file that was written or moved in.
        on_lost: Called with a folder of which events were lost.
    """

    def __init__(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> None:
        self._on_written, self._on_lost = on_written, on_lost
        self._end = win32event.CreateEvent(None, True, False, None)
        self._threads: list[threading.Thread] = []
        for folder in folders:
            handle = folder_open(folder)
            if handle is not None:
                self._start(folder, handle)

    def close(self) -> None:
        """Stop watching. Idempotent."""
        win32event.SetEvent(self._end)
        for thread in self._threads:
            thread.join()

    def _start(self, folder: str, handle: Any) -> None:
        """Begin to watch a folder; returns when nothing that is written from now on is missed."""
        is_watching = threading.Event()
        thread = threading.Thread(target=self._run, args=(folder, handle, is_watching), name="watch", daemon=True)
        thread.start()
        self._threads.append(thread)
        is_watching.wait()

    def _run(self, folder: str, handle: Any, is_watching: threading.Event) -> None:
        buffer = win32file.AllocateReadBuffer(BUFFER_BYTES)
        changes = pywintypes.OVERLAPPED()
        changes.hEvent = win32event.CreateEvent(None, True, False, None)
        try:
            while True:
                win32file.ReadDirectoryChangesW(handle, buffer, True, WATCHED, changes)
                is_watching.set()
                waited = win32event.WaitForMultipleObjects([self._end, changes.hEvent], False, win32event.INFINITE)
                if waited == win32event.WAIT_OBJECT_0:
                    win32file.CancelIo(handle)
                    return
                self._tell(folder, buffer, win32file.GetOverlappedResult(handle, changes, True))
        except pywintypes.error as error:
            log.warning("%s is not watched any more: %s", folder, error.strerror)
        finally:
            is_watching.set()
            handle.Close()

    def _tell(self, folder: str, buffer: Any, length: int) -> None:
        if length == 0:
            self._on_lost(folder)
            return
        for action, name in win32file.FILE_NOTIFY_INFORMATION(buffer, length):
            path = ntpath.join(folder, name)
            if action not in WRITTEN:
                continue
            if not os.path.isdir(extended(path)):
                self._on_written(path)
            elif action != MODIFIED:
                self._on_lost(path)


def folder_open(folder: str) -> Any:
    """A handle for changes of a folder, None when it cannot be watched."""
    try:
        return win32file.CreateFile(
            extended(folder), FILE_LIST_DIRECTORY, SHARE_ALL, None, win32con.OPEN_EXISTING,
            win32con.FILE_FLAG_BACKUP_SEMANTICS | win32con.FILE_FLAG_OVERLAPPED, None,
        )  # fmt: skip
    except pywintypes.error as error:
        log.warning("%s is not watched: %s", folder, error.strerror)
        return None
