"""The service and the event log of Windows."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import time
import winreg
from contextlib import suppress
from pathlib import Path
from typing import Any

import pywintypes
import win32evtlogutil
import win32file
import win32service
import winerror
from seatkeep_agent.platforms.windows_service import (
    DEFAULT_SERVICE,
    manager,
    opened,
    service_create_patiently,
    service_harden,
    service_stop,
)

from seatkeep_msi.errors import StepError
from seatkeep_msi.registry import Registry

SERVICE_KEY = rf"SYSTEM\CurrentControlSet\Services\{DEFAULT_SERVICE}"
EVENT_SOURCE = "Seatkeep"
EVENT_NUMBER = 1  # EventCreate.exe has a text for 1 to 1000, and it is the reported text itself.
EVENT_ERROR, EVENT_INFORMATION = 1, 4
START_SECONDS = 30.0
LOOK_SECONDS = 0.05
LOG = r"var\agent.log"


class WindowsInstallerMachine(Registry):
    """This Windows machine; needs an administrator's rights."""

    def service_folder(self) -> Path | None:
        try:
            with manager() as control, opened(control, DEFAULT_SERVICE) as service:
                return program_folder(win32service.QueryServiceConfig(service)[3])
        except pywintypes.error:
            return None

    def service_point(self, folder: Path, root: Path) -> None:
        command = service_command(folder, root)
        disk_flush(folder)
        try:
            with manager() as control:
                try:
                    with opened(control, DEFAULT_SERVICE) as service:
                        command_change(service, command)
                        service_harden(service)
                except pywintypes.error as error:
                    if error.winerror != winerror.ERROR_SERVICE_DOES_NOT_EXIST:
                        raise
                    service_create_patiently(control, DEFAULT_SERVICE, command)
        except pywintypes.error as error:
            raise StepError(f"the service: {error.strerror}") from error
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, SERVICE_KEY) as key:
            winreg.FlushKey(key)

    def service_start(self) -> None:
        try:
            with manager() as control, opened(control, DEFAULT_SERVICE) as service:
                win32service.StartService(service, None)
                if not has_started(service):
                    raise StepError(f"the service ended as soon as it was started; {LOG} says why")
        except pywintypes.error as error:
            raise StepError(f"the service does not start: {error.strerror}") from error

    def service_stop(self) -> None:
        with suppress(pywintypes.error), manager() as control, opened(control, DEFAULT_SERVICE) as service:
            service_stop(service)

    def service_remove(self) -> None:
        with suppress(pywintypes.error), manager() as control, opened(control, DEFAULT_SERVICE) as service:
            win32service.DeleteService(service)

    def event(self, text: str, *, is_error: bool) -> None:
        kind = EVENT_ERROR if is_error else EVENT_INFORMATION
        with suppress(pywintypes.error):
            win32evtlogutil.ReportEvent(EVENT_SOURCE, EVENT_NUMBER, eventType=kind, strings=[text])


def has_started(service: Any) -> bool:
    """Whether a service that was just started lives; one that is still starting after a while is believed."""
    deadline = time.monotonic() + START_SECONDS
    state = win32service.QueryServiceStatus(service)[1]
    while state == win32service.SERVICE_START_PENDING and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
        state = win32service.QueryServiceStatus(service)[1]
    return state in (win32service.SERVICE_RUNNING, win32service.SERVICE_START_PENDING)


def service_command(folder: Path, root: Path) -> str:
    """What the service manager starts. The program in quotes: unquoted, `C:\\Program.exe` would be tried before it.

    pythonw.exe has no console: a service has none. -B: nothing is written beside the program.
    """
    return f'"{folder}\\pythonw.exe" -B -m seatkeep_msi.service "--root={root}"'


def program_folder(command: str) -> Path:
    """The folder of the program in a service's command line."""
    program = command.split('"')[1] if command.startswith('"') else command.partition(".exe")[0]
    return Path(program).parent


def command_change(service: Any, command: str) -> None:
    """Change nothing of a service but what it starts."""
    unchanged = win32service.SERVICE_NO_CHANGE
    win32service.ChangeServiceConfig(
        service, unchanged, unchanged, unchanged, command, None, False, None, None, None, None
    )


def disk_flush(folder: Path) -> None:
    """Have what was written to a folder's disk on it for good; a system that cannot do so now does it soon."""
    shared = win32file.FILE_SHARE_READ | win32file.FILE_SHARE_WRITE
    with suppress(pywintypes.error):
        volume = win32file.CreateFile(
            rf"\\.\{folder.drive}", win32file.GENERIC_WRITE, shared, None, win32file.OPEN_EXISTING, 0, None
        )
        try:
            win32file.FlushFileBuffers(int(volume))
        finally:
            volume.Close()
