"""A clock that tests move from outside, so that a month passes in a second. Never on a server that others can reach.

One small file holds how far the clock is ahead; every process of the program reads it, so all of them agree.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from seatkeep_webkit import clock
from seatkeep_webkit.env import SettingError, env_bool, env_path

SWITCH = "SEATKEEP_TEST_CLOCK"
FILE = "test-clock"


class ClockBackError(ValueError):
    """Ledgers are in the order of time: the clock only goes forward."""


def test_clock_begin(addresses: Sequence[str]) -> bool:
    """Follow the movable clock if the environment asks for it.

    Args:
        addresses: Every address of this installation.

    Returns:
        Whether it is on.

    Raises:
        SettingError: It is asked for, and an address is not of this machine, or there is no data folder.
    """
    if not env_bool(SWITCH):
        return False
    foreign = [address for address in addresses if not _is_local(address)]
    if foreign:
        raise SettingError(SWITCH, f"is for tests on this machine only; {foreign[0]} is not of this machine")
    clock.offset_by(_Offset(env_path("SEATKEEP_DATA") / FILE).read)
    return True


def test_clock_move(to: datetime) -> datetime:
    """Set the clock of all processes; it goes on from there.

    Args:
        to: The time to be, aware, not before the present of this clock.

    Raises:
        ClockBackError: It lies before the present.
    """
    if to < clock.now():
        raise ClockBackError
    path = env_path("SEATKEEP_DATA") / FILE
    ahead = to - datetime.now(UTC)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(str(ahead // timedelta(microseconds=1)))
    beside.replace(path)
    return clock.now()


class _Offset:
    """How far ahead the file says; read again only when it is another file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._ahead = timedelta(0)

    def read(self) -> timedelta:
        """Nothing where there is no file yet."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return timedelta(0)
        mark = stat.st_ino, stat.st_mtime_ns
        if mark != self._seen:
            self._ahead = timedelta(microseconds=int(self._path.read_text()))
            self._seen = mark
        return self._ahead


def _is_local(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
