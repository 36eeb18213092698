"""Ending processes with all that they started."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Any

import psutil

APART: dict[str, Any] = {"start_new_session": True} if sys.platform != "win32" else {}
"""Options under which a process must be started for `tree_kill` to find what its children left behind."""


def tree_kill(pid: int) -> None:
    """End what a process started, and what was left behind in its session; the process itself where there are such."""
    with suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
