"""Windows: a service where we may install one, a supervised background process elsewhere."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import socket
import threading
from pathlib import Path
from typing import Any

import pywintypes
import win32api
import win32con
import win32security
import win32ts
from seatkeep_protocol.messages import Hardware, OsInfo, Software
from seatkeep_protocol.vocabulary import DeviceKind

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms import windows_inventory
from seatkeep_agent.platforms.inventory import addresses
from seatkeep_agent.platforms.windows_service import WindowsService

MESSAGE_TITLE = "Seatkeep"
MESSAGE_SECONDS = 0


class WindowsPlatform(WindowsService):
    """Windows 10, Windows Server 2016 and later."""

    def hostname(self) -> str:
        return socket.gethostname()

    def domain(self) -> str:
        return windows_inventory.domain()

    def kind(self) -> DeviceKind:
        return windows_inventory.kind()

    def os_info(self) -> OsInfo:
        return windows_inventory.os_info()

    def hardware(self) -> Hardware:
        return windows_inventory.hardware()

    def software(self) -> list[Software]:
        return windows_inventory.software()

    def addresses(self) -> list[str]:
        return addresses()

    def user(self) -> str:
        return windows_inventory.user()

    def last_user(self) -> str:
        return windows_inventory.last_user()

    def needs_restart(self) -> bool:
        return windows_inventory.needs_restart()

    def message_user(self, text: str) -> bool:
        told = [message_show(session, text) for session in windows_inventory.active_sessions()]
        return any(told)

    def offer_later(self, text: str, answer: Path, minutes: int) -> None:
        for session in windows_inventory.active_sessions():
            threading.Thread(target=later_ask, args=(session, text, answer, minutes * 60), daemon=True).start()

    def restart(self, delay_minutes: int) -> None:
        switch(f"This computer restarts in {delay_minutes} min.", delay_minutes, is_restart=True)

    def shut_down(self, delay_minutes: int) -> None:
        switch(f"This computer shuts down in {delay_minutes} min.", delay_minutes, is_restart=False)


def switch(message: str, delay_minutes: int, *, is_restart: bool) -> None:
    """Restart this machine or turn it off, after a notice of Windows' own.

    Raises:
        LocalFailureError: Not allowed.
    """
    try:
        privilege_enable(win32con.SE_SHUTDOWN_NAME)
        win32api.InitiateSystemShutdown("", message, delay_minutes * 60, False, is_restart)
    except pywintypes.error as error:
        raise LocalFailureError(f"this machine cannot be restarted or shut down: {error.strerror}") from error


def later_ask(session: int, text: str, answer: Path, seconds: int) -> None:
    """Ask in a session whether it may happen now, and note a "No"; blocks until somebody answers or time is up."""
    question = f"{text}\n\nMay it happen then? No puts it off."
    try:
        said = win32ts.WTSSendMessage(
            win32ts.WTS_CURRENT_SERVER_HANDLE, session, MESSAGE_TITLE, question,
            win32con.MB_YESNO | win32con.MB_ICONQUESTION, seconds, True,
        )  # fmt: skip
        if said == win32con.IDNO and answer.exists():
            answer.write_text("later")
    except (pywintypes.error, OSError):
        return


def message_show(session: int, text: str) -> bool:
    """Show a message in a session and do not wait for the answer; False when that session cannot be told."""
    try:
        win32ts.WTSSendMessage(
            win32ts.WTS_CURRENT_SERVER_HANDLE, session, MESSAGE_TITLE, text, win32con.MB_ICONINFORMATION,
            MESSAGE_SECONDS, False,
        )  # fmt: skip
    except pywintypes.error:
        return False
    return True


def privilege_enable(name: str) -> None:
    """Turn on a privilege that this process has.

    Raises:
        pywintypes.error: It has not.
    """
    wanted = win32con.TOKEN_ADJUST_PRIVILEGES | win32con.TOKEN_QUERY
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), wanted)
    privilege = win32security.LookupPrivilegeValue("", name)
    wanted_state: Any = [(privilege, win32con.SE_PRIVILEGE_ENABLED)]
    win32security.AdjustTokenPrivileges(token, False, wanted_state)
