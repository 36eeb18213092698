"""What the agent does for a task without the endpoint, kind by kind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from seatkeep_protocol.tasks import (
    IsolateParams,
    MessageParams,
    PowerParams,
    RunCommandParams,
    SoftwareInstallParams,
    SoftwareUninstallParams,
    TaskKind,
)

from seatkeep_agent.commands import command_run
from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.isolation import IsolationKeeper
from seatkeep_agent.manager import tls_context
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import People
from seatkeep_agent.power import PowerKeeper
from seatkeep_agent.runner import OwnRun, OwnWork
from seatkeep_agent.software import software_install, software_remove


@dataclass(frozen=True)
class Hands:
    """Whatever the agent works with.

    Attributes:
        people: Reaches whoever sits before the machine.
        configuration: Gives the settings in force, product by product, without secrets.
        may_run_commands: Whether a policy allows that, now.
        send_logs: Collects the logs, sends them to the manager for a run, and tells how many bytes that were.
    """

    layout: Layout
    people: People
    power: PowerKeeper
    isolation: IsolationKeeper
    configuration: Callable[[], dict[str, Any]]
    may_run_commands: Callable[[], bool]
    send_logs: Callable[[OwnRun], Awaitable[dict[str, Any]]]

    async def message(self, run: OwnRun) -> dict[str, Any]:
        """Show a message."""
        if not await asyncio.to_thread(self.people.message_user, cast("MessageParams", run.params).text):
            raise LocalFailureError("nobody is signed in who could read it")
        return {}

    async def switch(self, run: OwnRun) -> dict[str, Any] | None:
        """Restart or shut down."""
        return await self.power.order(run.run, run.kind, cast("PowerParams", run.params))

    async def export(self, _run: OwnRun) -> dict[str, Any]:
        """Tell the configuration."""
        return self.configuration()

    async def command(self, run: OwnRun) -> dict[str, Any]:
        """Run a command, where a policy allows it."""
        if not self.may_run_commands():
            raise LocalFailureError("no policy allows commands on this computer")
        return await command_run(cast("RunCommandParams", run.params), folder=self._folder, tell=run.tell)

    async def isolate(self, run: OwnRun) -> dict[str, Any]:
        """Cut the machine off the network."""
        await self.isolation.isolate(cast("IsolateParams", run.params))
        state = self.isolation.state
        return {"until_us": state.until_us if state else 0}

    async def release(self, _run: OwnRun) -> dict[str, Any]:
        """Let it back."""
        await self.isolation.release()
        return {}

    async def install(self, run: OwnRun) -> dict[str, Any]:
        """Install a package."""
        params, tls = cast("SoftwareInstallParams", run.params), tls_context(self.layout.ca_file)
        return await software_install(params, folder=self._folder, tls=tls, tell=run.tell)

    async def remove(self, run: OwnRun) -> dict[str, Any]:
        """Remove a package."""
        return await software_remove(cast("SoftwareUninstallParams", run.params))

    @property
    def _folder(self) -> Path:
        return self.layout.root / "var"


def own_work(hands: Hands) -> dict[str, OwnWork]:
    """The work of each kind."""
    return {
        TaskKind.MESSAGE: hands.message,
        TaskKind.RESTART: hands.switch,
        TaskKind.SHUTDOWN: hands.switch,
        TaskKind.EXPORT_CONFIGURATION: hands.export,
        TaskKind.RUN_COMMAND: hands.command,
        TaskKind.COLLECT_LOGS: hands.send_logs,
        TaskKind.ISOLATE: hands.isolate,
        TaskKind.RELEASE: hands.release,
        TaskKind.SOFTWARE_INSTALL: hands.install,
        TaskKind.SOFTWARE_UNINSTALL: hands.remove,
    }
