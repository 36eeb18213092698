"""Services and background processes on Windows."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import hashlib
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, ClassVar

import pywintypes
import servicemanager
import win32service
import win32serviceutil
import winerror
from seatkeep_machine.windows.machine import WindowsMachine
from seatkeep_machine.windows.stopping import process_ask_to_end

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms.background import STOP_SECONDS, BackgroundProcesses

DISPLAY_NAME = "Seatkeep agent"
DESCRIPTION = "Connects this computer to its Seatkeep console and keeps its protection running."
DEFAULT_SERVICE = "SeatkeepAgent"
RESTART_PAUSES_MS = (2_000, 10_000, 60_000)
FAILURES_FORGOTTEN_SECONDS = 86_400
ALSO_AFTER_ERRORS = 4  # SERVICE_CONFIG_FAILURE_ACTIONS_FLAG
ASK_SECONDS = 0.5
STOP_HINT_MS = 30_000
STILL_THERE = (winerror.ERROR_SERVICE_EXISTS, winerror.ERROR_SERVICE_MARKED_FOR_DELETE)
LOG_BYTES, LOG_FILES = 5_000_000, 2


class WindowsService(WindowsMachine, BackgroundProcesses):
    """The service control manager, and plain background processes."""

    apart: ClassVar[dict[str, Any]] = {
        "creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    }

    def has_service_manager(self) -> bool:
        try:
            win32service.CloseServiceHandle(
                win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CREATE_SERVICE)
            )
        except pywintypes.error:
            return False
        return True

    def service_install(self, root: Path, program: list[str]) -> None:
        self.service_remove(root)
        command = subprocess.list2cmdline([*program, "service", "--root", str(root)])
        try:
            with manager() as control:
                name = service_name(root, self.default_root())
                service_create_patiently(control, name, command)
                with opened(control, name) as service:
                    win32service.StartService(service, None)
        except pywintypes.error as error:
            raise LocalFailureError(f"the service: {error.strerror}") from error

    def service_remove(self, root: Path) -> None:
        name = service_name(root, self.default_root())
        with suppress(pywintypes.error), manager() as control, opened(control, name) as service:
            win32service.DeleteService(service)
            service_stop(service)

    def service_state(self, root: Path) -> str:
        name = service_name(root, self.default_root())
        with suppress(pywintypes.error):
            return f"service {STATE_WORDS.get(win32serviceutil.QueryServiceStatus(name)[1], 'unknown')}"
        pid = self.holder(root / "run" / "agent.pid")
        return f"background process {pid}" if pid else "not running"

    def service_run(self, root: Path, run: Callable[[], int]) -> int:
        log_to_file(root / "var" / "agent.log")
        Host.name, Host.serve = service_name(root, self.default_root()), staticmethod(run)
        try:
            servicemanager.Initialize()
            servicemanager.PrepareToHostSingle(Host)
            servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]  # pywin32's stubs miss it
        except pywintypes.error as error:
            if error.winerror != winerror.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT:
                raise LocalFailureError(f"the service: {error.strerror}") from error
            raise LocalFailureError("only the service manager starts this; use `run`") from error
        return 0


STATE_WORDS = {
    win32service.SERVICE_RUNNING: "active",
    win32service.SERVICE_STOPPED: "stopped",
    win32service.SERVICE_START_PENDING: "starting",
    win32service.SERVICE_STOP_PENDING: "stopping",
}


class Host(win32serviceutil.ServiceFramework):
    """Answers the service manager while the agent runs in this thread's sibling."""

    name = DEFAULT_SERVICE
    serve: Callable[[], int]
    _svc_name_ = DEFAULT_SERVICE

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self._is_over = threading.Event()

    def SvcDoRun(self) -> None:  # noqa: N802  # the framework's name
        """Run the agent. When it fails the process ends without a word, which is what recovery actions wait for."""
        try:
            code = type(self).serve()
        except BaseException:
            logging.getLogger(__name__).exception("the agent failed")
            code = 1
        self._is_over.set()
        if code:
            logging.shutdown()
            os._exit(code)

    def SvcStop(self) -> None:  # noqa: N802  # the framework's name
        """Asked to stop: ask the agent, again and again in case it is only starting."""
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=STOP_HINT_MS)
        threading.Thread(target=self._ask, daemon=True).start()

    SvcShutdown = SvcStop

    def _ask(self) -> None:
        while not self._is_over.wait(ASK_SECONDS):
            process_ask_to_end(os.getpid())


def log_to_file(path: Path) -> None:
    """A service has no output that anybody reads: write into a file that does not grow without end."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]


def service_name(root: Path, default_root: Path) -> str:
    """One service per root, so that several installations can live on a machine."""
    spelled = os.path.normcase(os.path.abspath(root))
    if spelled == os.path.normcase(os.path.abspath(default_root)):
        return DEFAULT_SERVICE
    return f"{DEFAULT_SERVICE}-{hashlib.sha256(spelled.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


@contextmanager
def manager() -> Iterator[Any]:
    """The service control manager."""
    control = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
    try:
        yield control
    finally:
        win32service.CloseServiceHandle(control)


@contextmanager
def opened(control: Any, name: str) -> Iterator[Any]:
    """A service."""
    service = win32service.OpenService(control, name, win32service.SERVICE_ALL_ACCESS)
    try:
        yield service
    finally:
        win32service.CloseServiceHandle(service)


def service_create_patiently(control: Any, name: str, command: str) -> None:
    """Make a service; one of that name that was just removed may need a moment to be gone.

    Raises:
        pywintypes.error: Not allowed, or the other one stays.
    """
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            service_create(control, name, command)
        except pywintypes.error as error:
            if error.winerror not in STILL_THERE or time.monotonic() > deadline:
                raise
            time.sleep(ASK_SECONDS)
        else:
            return


def service_create(control: Any, name: str, command: str) -> None:
    """Make a service that starts with the machine and is started again when it fails."""
    service = win32service.CreateService(
        control, name, DISPLAY_NAME, win32service.SERVICE_ALL_ACCESS, win32service.SERVICE_WIN32_OWN_PROCESS,
        win32service.SERVICE_AUTO_START, win32service.SERVICE_ERROR_NORMAL, command, None, False, None, None, None,
    )  # fmt: skip
    try:
        win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_DESCRIPTION, DESCRIPTION)
        service_harden(service)
    finally:
        win32service.CloseServiceHandle(service)


def service_harden(service: Any) -> None:
    """Have Windows start a service again whenever it fails, also when it ends by itself with an error."""
    actions = [(win32service.SC_ACTION_RESTART, pause) for pause in RESTART_PAUSES_MS]
    failure = {"ResetPeriod": FAILURES_FORGOTTEN_SECONDS, "RebootMsg": "", "Command": "", "Actions": actions}
    win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS, failure)
    try:
        win32service.ChangeServiceConfig2(service, ALSO_AFTER_ERRORS, True)
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_INVALID_LEVEL:  # Wine does not know every kind of configuration.
            raise


def service_stop(service: Any) -> None:
    """Ask a service to stop and wait for it, unless we are that service."""
    status: Any = win32service.QueryServiceStatusEx(service)
    if status["CurrentState"] == win32service.SERVICE_STOPPED or status["ProcessId"] == os.getpid():
        return
    win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
    deadline = time.monotonic() + 2 * STOP_SECONDS
    while time.monotonic() < deadline:
        if win32service.QueryServiceStatus(service)[1] == win32service.SERVICE_STOPPED:
            return
        time.sleep(ASK_SECONDS / 5)
