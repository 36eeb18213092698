"""What the agent does for a task without the endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from seatkeep_protocol.tasks import MessageParams, PowerParams, TaskKind

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms.base import People
from seatkeep_agent.runner import OwnRun, OwnWork


def own_work(people: People, configuration: Callable[[], dict[str, Any]]) -> dict[TaskKind, OwnWork]:
    """Put together the work of each kind.

    Args:
        people: Reaches whoever sits before the machine.
        configuration: Gives the settings in force, product by product, without secrets.
    """

    async def message(run: OwnRun) -> dict[str, Any]:
        if not await asyncio.to_thread(people.message_user, cast("MessageParams", run.params).text):
            raise LocalFailureError("nobody is signed in who could read it")
        return {}

    async def restart(run: OwnRun) -> dict[str, Any]:
        wanted = cast("PowerParams", run.params)
        is_told = bool(wanted.text) and await asyncio.to_thread(people.message_user, wanted.text)
        await asyncio.to_thread(people.restart, wanted.delay_minutes)
        return {"is_told": is_told, "delay_minutes": wanted.delay_minutes}

    async def export(_run: OwnRun) -> dict[str, Any]:
        return configuration()

    return {TaskKind.MESSAGE: message, TaskKind.RESTART: restart, TaskKind.EXPORT_CONFIGURATION: export}
