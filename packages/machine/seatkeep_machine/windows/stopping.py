"""Asking a process to end. Windows has no SIGTERM, so each process has an event that others of its kind may set."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pywintypes
import win32api
import win32con
import win32event
import win32file
import win32pipe
import winerror

from seatkeep_machine.windows.security import EVENT_ALL, access_list, security_attributes

log = logging.getLogger(__name__)
LOOK_MILLISECONDS = 500
STD_INPUT_HANDLE = -10


def event_name(pid: int) -> str:
    """The event of a process, seen from every session."""
    return rf"Global\seatkeep-stop-{pid}"


def event_make(pid: int) -> int | None:
    """The event of this process; None when a stranger was quicker (then we can only be killed)."""
    try:
        made: Any = win32event.CreateEvent(
            security_attributes(access_list(is_private=True, full=EVENT_ALL)), True, False, event_name(pid)
        )
    except pywintypes.error as error:
        log.warning("no stop event: %s", error.strerror)
        return None
    if win32api.GetLastError() == winerror.ERROR_ALREADY_EXISTS:
        log.warning("the stop event %s was there before us; not listening to it", event_name(pid))
        made.Close()
        return None
    return int(made.Detach())


def process_ask_to_end(pid: int) -> None:
    """Set a process's event; one without is passed over."""
    with suppress(pywintypes.error):
        event = win32event.OpenEvent(win32event.EVENT_MODIFY_STATE, False, event_name(pid))
        win32event.SetEvent(event)


def process_kill(pid: int) -> None:
    """End a process at once; one that is not there is passed over."""
    with suppress(pywintypes.error):
        process = win32api.OpenProcess(win32con.PROCESS_TERMINATE, False, pid)
        win32api.TerminateProcess(process, 1)


@contextmanager
def stop_requests(on_stop: Callable[[], object], *, is_with_input: bool) -> Iterator[None]:
    """Within: `on_stop` is called on the running loop at our event, at Ctrl-C and, if asked, when input ends."""
    loop = asyncio.get_running_loop()
    watch = StopWatch(lambda: loop.call_soon_threadsafe(on_stop), is_with_input=is_with_input)
    with console_signals(lambda: loop.call_soon_threadsafe(on_stop)):
        watch.start()
        try:
            yield
        finally:
            watch.stop()


@contextmanager
def console_signals(on_stop: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C and Ctrl-Break; only the main thread hears them, so a service does without."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGBREAK)
    before = [signal.signal(number, lambda *_: on_stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class StopWatch(threading.Thread):
    """Waits for our event and looks twice a second whether standard input still has another end.

    Args:
        on_stop: Called once, in this thread.
        is_with_input: Whether the end of standard input counts.
    """

    def __init__(self, on_stop: Callable[[], object], *, is_with_input: bool) -> None:
        super().__init__(name="stop-watch", daemon=True)
        self._on_stop, self._is_with_input = on_stop, is_with_input
        self._is_over = threading.Event()
        self._event = event_make(os.getpid())

    def run(self) -> None:
        """Until asked to end, or `stop`."""
        while not self._is_over.is_set():
            if self._is_event_set() or (self._is_with_input and is_input_over()):
                with suppress(RuntimeError):  # The loop may be closed by now.
                    self._on_stop()
                return

    def stop(self) -> None:
        """End the watch."""
        self._is_over.set()
        self.join(2 * LOOK_MILLISECONDS / 1000)
        if self._event is not None and not self.is_alive():
            win32file.CloseHandle(self._event)
            self._event = None

    def _is_event_set(self) -> bool:
        if self._event is None:
            return self._is_over.wait(LOOK_MILLISECONDS / 1000)
        return bool(win32event.WaitForSingleObject(self._event, LOOK_MILLISECONDS) == win32event.WAIT_OBJECT_0)


def is_input_over() -> bool:
    """Whether the other end of standard input, a pipe, is gone."""
    try:
        win32pipe.PeekNamedPipe(win32api.GetStdHandle(STD_INPUT_HANDLE), 0)
    except pywintypes.error as error:
        return bool(error.winerror in (winerror.ERROR_BROKEN_PIPE, winerror.ERROR_INVALID_HANDLE))
    return False
