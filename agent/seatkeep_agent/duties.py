"""Puts together who does the tasks: the runner, and the keepers of what outlives a single run."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from seatkeep_protocol.vocabulary import DeviceKind, TaskRunState

from seatkeep_agent.clock import utc_now
from seatkeep_agent.endpoint_client import EndpointClient
from seatkeep_agent.identity import Identity
from seatkeep_agent.isolation import IsolationKeeper, firewall_here
from seatkeep_agent.journal import Journal
from seatkeep_agent.keys import AgentKeys
from seatkeep_agent.logs import logs_send
from seatkeep_agent.own_work import Hands, own_work
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.power import PowerKeeper
from seatkeep_agent.runner import OwnRun, TaskRunner
from seatkeep_agent.spool import Spool
from seatkeep_agent.store import Store


class Duties:
    """The tasks of one agent.

    Args:
        layout: Its folders.
        store: Its memory.
        keys: Its keys.
        platform: What it runs on.
        identity: Who it is now.
        spool: Takes the news.
        endpoint: Does what needs the product.
        setting: The value in force of one of the agent's settings.
        configuration: All settings in force, without secrets.
        activate: Takes the assigned seat now.
        send_inventory: Sends a full inventory now.
        on_isolation: Is called when an isolation begins, changes or ends.
        on_work: Is called when there is something to tell.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        store: Store,
        keys: AgentKeys,
        platform: Platform,
        identity: Callable[[], Identity],
        spool: Spool,
        endpoint: EndpointClient,
        setting: Callable[[str], Any],
        configuration: Callable[[], dict[str, Any]],
        activate: Callable[[], Awaitable[None]],
        send_inventory: Callable[[], Awaitable[None]],
        on_isolation: Callable[[], None],
        on_work: Callable[[], None],
    ) -> None:
        self._layout, self._keys, self._platform, self._identity = layout, keys, platform, identity
        self._on_work = on_work
        self.isolation = IsolationKeeper(
            store=store, firewall=firewall_here(layout.root), urls=lambda: identity().urls(),
            allowed=lambda: setting("isolation.allowed_networks"), clock=utc_now,
            is_server=lambda: platform.kind() is DeviceKind.SERVER, say=platform.message_user, on_change=on_isolation,
        )  # fmt: skip
        self.power = PowerKeeper(
            store=store, people=platform, board=layout.board, finish=self._power_done, clock=utc_now
        )
        hands = Hands(
            layout=layout, people=platform, power=self.power, isolation=self.isolation, configuration=configuration,
            may_run_commands=lambda: bool(setting("run_command.is_allowed")), send_logs=self._send_logs,
        )  # fmt: skip
        self.runner = TaskRunner(
            journal=Journal(store), spool=spool, endpoint=endpoint, activate=activate, send_inventory=send_inventory,
            clock=utc_now, own=own_work(hands), goes_on=self.power.goes_on,
        )  # fmt: skip

    def begin(self) -> None:
        """At a start: what was in force is again, before anything else; what was cut off is settled."""
        self.isolation.restore()
        self.runner.settle()

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What runs for ever beside the tasks."""
        return [self.isolation.run(), self.power.run()]

    async def _send_logs(self, run: OwnRun) -> dict[str, Any]:
        return await logs_send(
            run, layout=self._layout, identity=self._identity(), keys=self._keys,
            service_log=self._platform.service_log,
        )  # fmt: skip

    def _power_done(self, run: uuid.UUID, state: TaskRunState, detail: str, result: dict[str, Any]) -> None:
        self.runner.finish(run, state, detail, result=result)
        self._on_work()
