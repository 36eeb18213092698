"""The registry, the service's recovery and the event log of Windows."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import winreg
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pywintypes
import win32evtlogutil
import win32service
import winerror
from seatkeep_agent.platforms.windows_service import DEFAULT_SERVICE, manager, opened

from seatkeep_msi.errors import StepError
from seatkeep_msi.settings import Settings

KEY = r"SOFTWARE\Seatkeep\Settings"
NAMES = {"server": "Server", "group": "Group", "proxy": "Proxy"}
SERVICE_KEY = rf"SYSTEM\CurrentControlSet\Services\{DEFAULT_SERVICE}"
EVENT_SOURCE = "Seatkeep"
EVENT_NUMBER = 1  # EventCreate.exe has a text for 1 to 1000, and it is the reported text itself.
RESTART_PAUSES_MS = (2_000, 10_000, 60_000)
FAILURES_FORGOTTEN_SECONDS = 86_400
ALSO_AFTER_ERRORS = 4  # SERVICE_CONFIG_FAILURE_ACTIONS_FLAG


class WindowsInstallerMachine:
    """This Windows machine; needs an administrator's rights."""

    def settings_kept(self) -> Settings:
        with suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, KEY) as key:
            return Settings(**{name: value_read(key, shown) for name, shown in NAMES.items()})
        return Settings()

    def settings_keep(self, settings: Settings) -> None:
        with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, KEY) as key:
            for name, shown in NAMES.items():
                winreg.SetValueEx(key, shown, 0, winreg.REG_SZ, getattr(settings, name))

    def settings_forget(self) -> None:
        with suppress(FileNotFoundError):
            winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, KEY)

    def service_harden(self) -> None:
        actions = [(win32service.SC_ACTION_RESTART, pause) for pause in RESTART_PAUSES_MS]
        failure = {"ResetPeriod": FAILURES_FORGOTTEN_SECONDS, "RebootMsg": "", "Command": "", "Actions": actions}
        try:
            with manager() as control, opened(control, DEFAULT_SERVICE) as service:
                command_quote(service)
                win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS, failure)
                with suppress_unsupported():
                    win32service.ChangeServiceConfig2(service, ALSO_AFTER_ERRORS, True)
        except pywintypes.error as error:
            raise StepError(f"the service: {error.strerror}") from error
        # Versions before kept the proxy there; the agent's own configuration says it now.
        with (
            suppress(FileNotFoundError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, SERVICE_KEY, 0, winreg.KEY_SET_VALUE) as key,
        ):
            winreg.DeleteValue(key, "Environment")

    def event(self, text: str, *, is_error: bool) -> None:
        kind = win32service_event(is_error=is_error)
        with suppress(pywintypes.error):
            win32evtlogutil.ReportEvent(EVENT_SOURCE, EVENT_NUMBER, eventType=kind, strings=[text])


def command_quote(service: Any) -> None:
    """Put the program of a service into quotes: unquoted, `C:\\Program.exe` would be tried before it."""
    command = win32service.QueryServiceConfig(service)[3]
    if not command.startswith('"'):
        program, dot_exe, arguments = command.partition(".exe")
        unchanged = win32service.SERVICE_NO_CHANGE
        win32service.ChangeServiceConfig(
            service, unchanged, unchanged, unchanged, f'"{program}{dot_exe}"{arguments}', None, False, None, None, None,
            None,
        )  # fmt: skip


@contextmanager
def suppress_unsupported() -> Iterator[None]:
    """Wine does not know every kind of configuration."""
    try:
        yield
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_INVALID_LEVEL:
            raise


def win32service_event(*, is_error: bool) -> int:
    """EVENTLOG_ERROR_TYPE or EVENTLOG_INFORMATION_TYPE."""
    return 1 if is_error else 4


def value_read(key: winreg.HKEYType, name: str) -> str:
    """A text of a key; "" when it is not there."""
    try:
        return str(winreg.QueryValueEx(key, name)[0])
    except FileNotFoundError:
        return ""
