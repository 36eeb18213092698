"""Folders watched by inotify, folders within them included.

Source:
    inotify(7): a watch covers one folder, so new folders get theirs as they come; a full queue says so.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import ctypes
import errno
import logging
import os
import select
import struct
import threading
from collections.abc import Callable, Iterator, Sequence

log = logging.getLogger(__name__)
IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x08, 0x80, 0x100
IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR = 0x4000, 0x8000, 0x4000_0000
IN_ONLYDIR, IN_DONT_FOLLOW = 0x0100_0000, 0x0200_0000
WATCHED = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR | IN_DONT_FOLLOW
EVENT = struct.Struct("iIII")
READ_BYTES = 256 * 1024


class InotifyWatch:
    """Watches folders in a thread of its own.

    Args:
        folders: Absolute.
        on_written: Called with each file that was written or moved in.
        on_lost: Called with a folder of which events were lost.
    """

    def __init__(
        self, folders: Sequence[str], on_written: Callable[[str], None], on_lost: Callable[[str], None]
    ) -> None:
        self._tops, self._on_written, self._on_lost = list(folders), on_written, on_lost
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._inotify < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._ending, self._end = os.pipe2(os.O_CLOEXEC)
        self._paths: dict[int, str] = {}
        self._thread = threading.Thread(target=self._run, name="inotify", daemon=True)
        for folder in self._tops:
            self._add_tree(folder, is_telling=False)
        self._thread.start()

    def close(self) -> None:
        """Stop watching. Idempotent."""
        if self._end >= 0:
            os.close(self._end)
            self._end = -1
            self._thread.join()
            os.close(self._inotify)
            os.close(self._ending)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._inotify, select.POLLIN)
        poll.register(self._ending, select.POLLHUP)
        while True:
            ready = dict(poll.poll())
            if self._ending in ready:
                return
            for watch, mask, name in events(os.read(self._inotify, READ_BYTES)):
                self._take(watch, mask, name)

    def _take(self, watch: int, mask: int, name: str) -> None:
        if mask & IN_Q_OVERFLOW:
            for folder in self._tops:
                self._on_lost(folder)
            return
        if mask & IN_IGNORED:
            self._paths.pop(watch, None)
            return
        path = os.path.join(self._paths.get(watch, ""), name)
        if mask & IN_ISDIR:
            self._add_tree(path, is_telling=True)
        elif mask & (IN_CLOSE_WRITE | IN_MOVED_TO):
            self._on_written(path)

    def _add_tree(self, top: str, *, is_telling: bool) -> None:
        """Watch a folder and those in it; files that stood in a new one before its watch are told."""
        for folder, _, files in os.walk(top, followlinks=False):
            watch = self._libc.inotify_add_watch(self._inotify, os.fsencode(folder), WATCHED)
            if watch < 0:
                if ctypes.get_errno() == errno.ENOSPC:
                    log.warning("no more watches (fs.inotify.max_user_watches); %s is not watched whole", top)
                    return
                continue
            self._paths[watch] = folder
            if is_telling:
                for name in files:
                    self._on_written(os.path.join(folder, name))


def events(data: bytes) -> Iterator[tuple[int, int, str]]:
    """(watch, mask, name) of what inotify gave."""
    position = 0
    while position + EVENT.size <= len(data):
        watch, mask, _, length = EVENT.unpack_from(data, position)
        start = position + EVENT.size
        yield watch, mask, os.fsdecode(data[start : start + length].rstrip(b"\0"))
        position = start + length
