"""Restarting and shutting down, with a notice that people may answer with "not now"."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from subprocess import SubprocessError
from typing import Any

import msgspec
from seatkeep_protocol.tasks import PowerParams, TaskKind
from seatkeep_protocol.vocabulary import TaskRunState

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.journal import micros
from seatkeep_agent.platforms.base import People
from seatkeep_agent.store import Store

log = logging.getLogger(__name__)
PLANNED = "power_planned"
LOOK_SECONDS = 1.0
MINUTE_US = 60_000_000
NOT_NOW = "not-now"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A restart or shutdown that people know of.

    Attributes:
        at_us: When it happens unless they say "not now", µs since 1970.
        is_asked: Whether they were asked since the last "not now".
        deferred: How often they said it.
    """

    run: uuid.UUID
    kind: str
    params: PowerParams
    at_us: int
    is_asked: bool = False
    deferred: int = 0


Finish = Callable[[uuid.UUID, TaskRunState, str, dict[str, Any]], None]


class PowerKeeper:
    """Does what was planned when its time has come, over restarts of the agent too.

    Args:
        store: Remembers it.
        people: Reaches whoever sits before the machine, and the machine's switch.
        board: The folder where people leave their "not now".
        finish: Tells how a run ended.
        clock: Current time, aware UTC.
    """

    def __init__(
        self, *, store: Store, people: People, board: Path, finish: Finish, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._people, self._finish, self._clock = store, people, finish, clock
        self._answer = board / NOT_NOW
        self._planned = store.fact(PLANNED, Planned | None)  # type: ignore[arg-type]  # msgspec takes unions

    def goes_on(self, run: uuid.UUID) -> bool:
        """Whether a run waits for its time."""
        return self._planned is not None and self._planned.run == run

    async def order(self, run: uuid.UUID, kind: str, params: PowerParams) -> dict[str, Any] | None:
        """Do it after its notice, or plan it when people may put it off (None: it goes on).

        Raises:
            LocalFailureError: It cannot be done, or another one is planned.
        """
        if self._planned is not None:
            raise LocalFailureError("another restart or shutdown waits for people")
        if not params.defers:
            is_told = bool(params.text) and await asyncio.to_thread(self._people.message_user, params.text)
            await asyncio.to_thread(self._switch, kind, params.delay_minutes)
            return {"is_told": is_told, "delay_minutes": params.delay_minutes}
        at_us = micros(self._clock()) + params.delay_minutes * MINUTE_US
        self._keep(Planned(run=run, kind=kind, params=params, at_us=at_us))
        await self.look()
        return None

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask, hear the answer, act."""
        it = self._planned
        if it is None:
            return
        now_us = micros(self._clock())
        if it.deferred < it.params.defers and self._said_not_now():
            self._put_off(it, now_us)
        elif now_us >= it.at_us:
            await self._act(it)
        elif not it.is_asked and now_us >= it.at_us - it.params.delay_minutes * MINUTE_US:
            self._keep(msgspec.structs.replace(it, is_asked=True))
            await asyncio.to_thread(self._ask, it)

    def _ask(self, it: Planned) -> None:
        what = "restarts" if it.kind == TaskKind.RESTART else "shuts down"
        said = f"{it.params.text}\nThis computer {what} in {it.params.delay_minutes} minutes.".strip()
        left = it.params.defers - it.deferred
        if left <= 0:
            self._people.message_user(said)
            return
        self._answer.parent.mkdir(mode=0o755, exist_ok=True)
        self._answer.write_bytes(b"")
        self._answer.chmod(0o666)  # Whoever is signed in may answer; all that the file can say is "not now".
        self._people.offer_later(f"{said}\nIt can be put off {left} more times.", self._answer, it.params.delay_minutes)

    def _said_not_now(self) -> bool:
        with suppress(OSError):
            return self._answer.stat().st_size > 0
        return False

    def _put_off(self, it: Planned, now_us: int) -> None:
        self._answer.unlink(missing_ok=True)
        at_us = now_us + (it.params.defer_minutes + it.params.delay_minutes) * MINUTE_US
        self._keep(msgspec.structs.replace(it, at_us=at_us, is_asked=False, deferred=it.deferred + 1))
        log.info("put off for the %d. time", it.deferred + 1)

    async def _act(self, it: Planned) -> None:
        """Forget it first: what is cut off here is reported as interrupted, and never done twice."""
        self._keep(None)
        self._answer.unlink(missing_ok=True)
        result = {"deferred": it.deferred}
        try:
            await asyncio.to_thread(self._switch, it.kind, 0)
        except LocalFailureError as error:
            self._finish(it.run, TaskRunState.FAILED, str(error), result)
        else:
            self._finish(it.run, TaskRunState.FINISHED, "", result)

    def _switch(self, kind: str, minutes: int) -> None:
        try:
            (self._people.restart if kind == TaskKind.RESTART else self._people.shut_down)(minutes)
        except (SubprocessError, OSError) as error:
            raise LocalFailureError(str(error)) from error

    def _keep(self, planned: Planned | None) -> None:
        self._store.fact_set(PLANNED, planned)
        self._planned = planned
