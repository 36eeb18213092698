"""`seatkeep-agent setup`: from an unpacked folder to a protected device, with a truthful end."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from pathlib import Path

import msgspec
from seatkeep_machine.network import proxy_use
from seatkeep_protocol.vocabulary import InstallStep, LicenseState, ProtectionStatus

from seatkeep_agent.clock import utc_now
from seatkeep_agent.config import Config, Pending, StatusFile, config_load
from seatkeep_agent.errors import AgentError, ExitCode, LocalFailureError
from seatkeep_agent.identity import Identity
from seatkeep_agent.joining import config_save, copy_ca, enroll
from seatkeep_agent.keys import agent_keys_load
from seatkeep_agent.manager import Manager
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.preparing import proxy_kept
from seatkeep_agent.store import Store
from seatkeep_agent.supervisor import program_command

PROTECTED_SECONDS = 90.0
LOOK_SECONDS = 0.2
SERVICE_CHOICES = ("auto", "none")
LICENSED = frozenset({LicenseState.ACTIVE.value, LicenseState.SOFT_EXPIRED.value})
WORDS = {
    ProtectionStatus.PROTECTED: "This computer is protected.",
    ProtectionStatus.SCAN_ONLY: "Licensed; scans on demand and by schedule, without on-access protection.",
    ProtectionStatus.TEST_RULES: "Licensed; the engine has test rules only, so real malware is not found yet.",
}


class Setup:
    """One run of set-up.

    Args:
        layout: Where to install.
        platform: What it runs on.
        console: The console's address for devices.
        pending: Deployment key or install link token, and the group to stand in.
        proxy: For HTTPS and the broker, "" for none.
        install_id: Names this installation in progress calls.
        seconds: How long to wait for protection.
        is_service: Whether it may become a service of this machine.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        platform: Platform,
        console: str,
        pending: Pending,
        proxy: str,
        install_id: str,
        seconds: float,
        is_service: bool,
    ) -> None:
        self._layout, self._platform, self._pending, self._is_service = layout, platform, pending, is_service
        self._proxy = proxy
        self._install_id, self._seconds = install_id, seconds
        self._manager = Manager(console, layout.ca_file, utc_now)

    async def run(self) -> ExitCode:
        """Enroll, start, wait.

        Raises:
            AgentError: With the exit code that fits.
        """
        stop_running(self._layout, self._platform)
        is_enrolled = await self._enroll()
        config_save(self._layout, Config(console=self._manager.console, proxy=self._proxy))
        start(self._layout, self._platform, is_service=self._is_service)
        if not is_enrolled:
            say("waiting for approval in the console; this computer asks again by itself")
            return ExitCode.WAITING_FOR_APPROVAL
        await self._progress(InstallStep.ENROLLED)
        return await self._wait()

    async def _enroll(self) -> bool:
        keys = agent_keys_load(self._layout.keys)
        store = Store(self._layout.database)
        try:
            outcome = await enroll(
                manager=self._manager, pending=self._pending, keys=keys, platform=self._platform,
                layout=self._layout, store=store,
            )  # fmt: skip
        except AgentError as error:
            await self._progress(InstallStep.ENROLLED, is_ok=False, detail=str(error))
            raise
        finally:
            store.close()
        if isinstance(outcome, Identity):
            say(f"enrolled as device {uuid.UUID(outcome.device)}")
        return isinstance(outcome, Identity)

    async def _wait(self) -> ExitCode:
        """Watch the agent's own view until the device is protected, or time is up."""
        is_activated = False
        view = StatusFile()
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            view = status_read(self._layout) or view
            if view.license in LICENSED and not is_activated:
                is_activated = True
                say("license activated")
                await self._progress(InstallStep.ACTIVATED)
            if is_activated and view.protection != ProtectionStatus.NOT_PROTECTED:
                await self._progress(InstallStep.PROTECTED, detail=view.protection)
                say(WORDS[ProtectionStatus(view.protection)])
                return ExitCode.PROTECTED
            await asyncio.sleep(LOOK_SECONDS)
        return await self._give_up(view, is_activated=is_activated)

    async def _give_up(self, view: StatusFile, *, is_activated: bool) -> ExitCode:
        if not is_activated:
            reason = view.license_error or ("no license is assigned" if view.is_connected else view.last_error)
            await self._progress(InstallStep.ACTIVATED, is_ok=False, detail=reason)
            say(f"not licensed: {reason or 'no answer yet'}")
            return ExitCode.NOT_LICENSED if view.is_connected else ExitCode.UNREACHABLE
        reason = ", ".join(view.reasons)
        await self._progress(InstallStep.PROTECTED, is_ok=False, detail=reason)
        say(f"licensed but not protected: {reason}")
        return ExitCode.LOCAL_FAILURE

    async def _progress(self, step: InstallStep, *, is_ok: bool = True, detail: str = "") -> None:
        await self._manager.progress(self._pending.key, self._install_id, step, is_ok=is_ok, detail=detail[:200])


def setup_run(
    *,
    layout: Layout,
    platform: Platform,
    console: str,
    ca: Path | None,
    group: str = "",
    proxy: str = "",
    seconds: float = PROTECTED_SECONDS,
) -> ExitCode:
    """Set up with the key of the environment or standard input.

    Raises:
        AgentError: With the exit code that fits.
        LocalFailureError: SEATKEEP_SERVICE has a value that it does not know.
    """
    is_service = is_service_wanted()
    key = key_read()
    install_id = os.environ.get("SEATKEEP_INSTALL_ID") or str(uuid.uuid4())
    write_machine_id(layout)
    copy_ca(ca, layout)
    known = config_load(layout)
    way = proxy_kept(proxy, known.proxy if known else "")
    proxy_use(way)
    setup = Setup(
        layout=layout, platform=platform, console=console, pending=Pending(key, group=group), proxy=way,
        install_id=install_id, seconds=seconds, is_service=is_service,
    )  # fmt: skip
    return asyncio.run(setup.run())


def key_read() -> str:
    """The key, from SEATKEEP_KEY (taken out of the environment, so that no child inherits it) or standard input.

    Raises:
        LocalFailureError: There is none.
    """
    key = os.environ.pop("SEATKEEP_KEY", "")
    if not key and not sys.stdin.isatty():
        key = sys.stdin.readline().strip()
    if not key:
        raise LocalFailureError("SEATKEEP_KEY is not set, and standard input gave no key")
    return key


def write_machine_id(layout: Layout) -> None:
    """Containers share the host's hardware: SEATKEEP_MACHINE_ID says that this one is a machine of its own."""
    machine_id = os.environ.get("SEATKEEP_MACHINE_ID", "")
    if machine_id:
        layout.machine_id.write_text(machine_id)


def is_service_wanted() -> bool:
    """Whether the agent is to be a service where that can be: SEATKEEP_SERVICE=none says no.

    Raises:
        LocalFailureError: SEATKEEP_SERVICE is neither `auto` nor `none`.
    """
    wanted = os.environ.get("SEATKEEP_SERVICE") or "auto"
    if wanted not in SERVICE_CHOICES:
        raise LocalFailureError(f"SEATKEEP_SERVICE is {wanted!r}; it may be auto or none")
    return wanted == "auto"


def start(layout: Layout, platform: Platform, *, is_service: bool) -> None:
    """Start the agent: as a service where it is wanted and can be, else as supervised processes.

    Raises:
        LocalFailureError: It does not start.
    """
    agent = program_command("seatkeep-agent", "seatkeep_agent")
    layout.status_file.unlink(missing_ok=True)
    if is_service and platform.has_service_manager():
        platform.service_install(layout.root, agent)
        say("installed as a service")
    else:
        platform.start_background(layout.root, [*agent, "supervise", "--root", str(layout.root)], layout.log_file)
        reason = "no service manager here" if is_service else "no service, as asked"
        say(f"started as supervised processes ({reason}; start again after a reboot)")


def stop_running(layout: Layout, platform: Platform) -> None:
    """Set-up may run again over an installation: end what runs, so that the database has one owner."""
    if platform.has_service_manager():
        platform.service_remove(layout.root)
    platform.stop_background(layout.pid_file)


def status_read(layout: Layout) -> StatusFile | None:
    """The agent's view of itself; None when it has not said anything yet."""
    try:
        return msgspec.json.decode(layout.status_file.read_bytes(), type=StatusFile)
    except (OSError, msgspec.MsgspecError):
        return None


def say(text: str) -> None:
    """One line for the person who waits."""
    sys.stdout.write(f"seatkeep: {text}\n")
    sys.stdout.flush()
