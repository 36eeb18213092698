"""Does what tasks ask for."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.errors import ProtocolError, TaskKindUnknownError
from seatkeep_protocol.local import (
    Op,
    QuarantineDeleteArgs,
    QuarantineRestoreArgs,
    ScanDone,
    ScanStartArgs,
    SignaturesUpdateArgs,
)
from seatkeep_protocol.tasks import PARAMS_TYPES, Params, QuarantineParams, ScanParams, TaskKind, params_decode
from seatkeep_protocol.vocabulary import ScanMethod, TaskRunState

from seatkeep_agent.endpoint_client import EndpointClient
from seatkeep_agent.errors import (
    EndpointAbsentError,
    EndpointRefusedError,
    LocalFailureError,
    SpoolFullError,
    WorkFailedError,
)
from seatkeep_agent.journal import Journal, JournalRun, micros
from seatkeep_agent.spool import Spool

log = logging.getLogger(__name__)
NOT_STARTED = frozenset({"scan_busy"})
"""Refusals after which the same run may be tried again: the endpoint says that nothing began."""
STARTED_BEFORE = "scan_known"
INTERRUPTED = "interrupted: the agent was stopped in between"
LASTING = frozenset({TaskKind.SCAN, TaskKind.SIGNATURES_UPDATE})
"""The endpoint does them for a while and tells their end by itself."""
SLOW = frozenset({
    TaskKind.RUN_COMMAND, TaskKind.COLLECT_LOGS, TaskKind.SOFTWARE_INSTALL, TaskKind.SOFTWARE_UNINSTALL,
})  # fmt: skip
"""Done beside the others, one of each kind at a time."""
REPEATABLE = frozenset({TaskKind.ISOLATE, TaskKind.RELEASE})
"""Doing them twice is as doing them once: after an interruption they are done again, not reported as failed."""
TOO_OLD = "agent_too_old"


@dataclass(frozen=True)
class OwnRun:
    """A run that the agent does without the endpoint.

    Attributes:
        tell: Reports what came out so far.
    """

    run: uuid.UUID
    kind: str
    params: Params
    tell: Callable[[dict[str, Any]], None]


OwnWork = Callable[[OwnRun], Awaitable[dict[str, Any] | None]]
"""Does it and returns what came out, or raises a `LocalFailureError`; None: it goes on, and `finish` tells its end."""


class TaskRunner:
    """Runs this device's tasks, each at most once.

    Args:
        journal: Remembers every run.
        spool: Takes the news of them.
        endpoint: Does the work.
        activate: Takes the assigned seat now; raises what `EndpointClient.ask` raises.
        send_inventory: Sends a full inventory now.
        own: What the agent can do by itself besides, kind by kind.
        goes_on: Whether a run of its own goes on although the agent was stopped in between.
        clock: Current time, aware UTC.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        spool: Spool,
        endpoint: EndpointClient,
        activate: Callable[[], Awaitable[None]],
        send_inventory: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime],
        own: Mapping[str, OwnWork] | None = None,
        goes_on: Callable[[uuid.UUID], bool] = lambda run: False,
    ) -> None:
        self._goes_on = goes_on
        self._slow: dict[str, asyncio.Task[None]] = {}
        self._own: dict[str, OwnWork] = {TaskKind.INVENTORY: self._inventory, **(own or {})}
        self._journal, self._spool, self._endpoint = journal, spool, endpoint
        self._activate, self._send_inventory, self._clock = activate, send_inventory, clock

    def receive(self, tasks: Iterable[DocumentTask]) -> None:
        """Note the tasks of a document; runs known already are passed over, expired ones are closed."""
        now = self._clock()
        for task in tasks:
            is_new = self._journal.receive(task, now=now)
            if is_new and task.expires_at_us <= micros(now):
                late = f"came too late: by this computer's clock it is {now:%Y-%m-%d %H:%M} UTC"
                self._journal.finish(task.run, TaskRunState.EXPIRED, now=now, detail=late)
        self.tell()

    async def work(self) -> None:
        """Do what waits. Runs that need the endpoint wait until it is there."""
        is_scanning = any(run.kind == TaskKind.SCAN for run in self._journal.in_state(TaskRunState.RUNNING))
        for run in self._journal.in_state(TaskRunState.RECEIVED):
            if (run.kind == TaskKind.SCAN and is_scanning) or run.kind in self._slow or not self._can_begin(run):
                continue
            is_scanning = is_scanning or run.kind == TaskKind.SCAN
            if self._journal.begin(run.run, now=self._clock()):
                self.tell()
                await self._start(run)
        self.tell()

    async def end(self) -> None:
        """Stop what is done beside: it is reported as interrupted at the next start."""
        for job in self._slow.values():
            job.cancel()
        await asyncio.gather(*self._slow.values(), return_exceptions=True)

    def _can_begin(self, run: JournalRun) -> bool:
        """Whether nothing is missing; a kind that we do not know needs nothing to be refused."""
        return run.kind in self._own or run.kind not in PARAMS_TYPES or self._endpoint.is_connected

    async def _start(self, run: JournalRun) -> None:
        if run.kind not in SLOW:
            await self._do(run)
            return
        job = asyncio.create_task(self._do(run))
        self._slow[run.kind] = job
        job.add_done_callback(lambda _: self._slow.pop(run.kind, None))

    def settle(self) -> None:
        """At a start of the agent: what it did by itself and never ended may have happened, and is not done again."""
        for run in self._journal.in_state(TaskRunState.RUNNING):
            if run.kind in REPEATABLE:
                self._journal.put_back(run.run, now=self._clock())
            elif run.kind in self._own and not self._goes_on(run.run):
                self.finish(run.run, TaskRunState.FAILED, INTERRUPTED)
        self.tell()

    async def resume(self) -> None:
        """The endpoint is here: settle what was begun and never ended. Nothing is done a second time.

        A scan or an update is asked for again by the same run id: the endpoint knows it if it ever began. A restore or
        delete is judged by whether the file is still in quarantine.
        """
        for run in self._journal.in_state(TaskRunState.RUNNING):
            if run.kind in self._own:
                continue
            if run.kind in LASTING:
                await self._do(run)
            elif run.kind in (TaskKind.QUARANTINE_RESTORE, TaskKind.QUARANTINE_DELETE):
                await self._settle_quarantine(run)
            else:
                self.finish(run.run, TaskRunState.FAILED, INTERRUPTED)
        self.tell()

    def scan_done(self, done: ScanDone) -> None:
        """The endpoint ended a scan; one that no task asked for changes nothing."""
        result: dict[str, Any] = {
            "files_scanned": done.files_scanned, "bytes_scanned": done.bytes_scanned,
            "files_skipped": done.files_skipped, "threats": done.threats,
        }  # fmt: skip
        state = TaskRunState.FINISHED
        if done.is_canceled:
            state = TaskRunState.CANCELED
        elif done.error:
            state = TaskRunState.FAILED
        self._journal.finish(done.run, state, now=self._clock(), detail=done.error, result=result)
        self.tell()

    def finish(
        self, run: uuid.UUID, state: TaskRunState, detail: str = "", *, result: dict[str, Any] | None = None
    ) -> None:
        """Set how a run ended; the manager hears of it with the next `tell`."""
        self._journal.finish(run, state, now=self._clock(), detail=detail, result=result)

    def tell(self) -> None:
        """Put untold states into the spool; on a full disk they stay untold and come later."""
        try:
            for run in self._journal.untold():
                event = self._journal.event(run)
                if event is not None:
                    self._spool.put(event, now=self._clock())
                    self._journal.told(event)
        except SpoolFullError as error:
            log.error("the disk is full; news of tasks wait: %s", error)

    async def _do(self, run: JournalRun) -> None:
        try:
            params = params_decode(run.kind, run.params)
            if run.kind in self._own:
                await self._do_own(run, params)
                return
            is_over = await self._perform(run, params)
        except TaskKindUnknownError:
            self.finish(
                run.run, TaskRunState.FAILED, f"this agent is too old for {run.kind[:100]}", result={"code": TOO_OLD}
            )
        except EndpointRefusedError as error:
            self._refused(run, error)
        except WorkFailedError as error:
            self.finish(run.run, TaskRunState.FAILED, str(error), result=error.result)
        except (EndpointAbsentError, LocalFailureError, ProtocolError) as error:
            self.finish(run.run, TaskRunState.FAILED, str(error))
        else:
            if is_over:
                self.finish(run.run, TaskRunState.FINISHED)

    async def _do_own(self, run: JournalRun, params: Params) -> None:
        own = OwnRun(run.run, run.kind, params, lambda out: self._tell_progress(run, out))
        result = await self._own[run.kind](own)
        if result is not None:
            self.finish(run.run, TaskRunState.FINISHED, result=result)

    def _refused(self, run: JournalRun, error: EndpointRefusedError) -> None:
        if error.code in NOT_STARTED:
            self._journal.put_back(run.run, now=self._clock())
        elif error.code != STARTED_BEFORE:
            self.finish(run.run, TaskRunState.FAILED, f"{error.code}: {error}")

    async def _perform(self, run: JournalRun, params: Params) -> bool:
        """Do the work; True when it is over with that (what the endpoint takes longer for tells its end by itself)."""
        if isinstance(params, ScanParams):
            args = ScanStartArgs(
                run=run.run, targets=params.targets, is_quarantining=params.is_quarantining,
                method=params.method or ScanMethod.SEATKEEP,
            )  # fmt: skip
            await self._endpoint.ask(Op.SCAN_START, args)
            return False
        if run.kind == TaskKind.SIGNATURES_UPDATE:
            await self._endpoint.ask(Op.SIGNATURES_UPDATE, SignaturesUpdateArgs(run.run))
            return False
        if isinstance(params, QuarantineParams):
            await self._quarantine(run.kind, params)
        elif run.kind == TaskKind.ACTIVATE:
            await self._activate()
        else:
            raise LocalFailureError("this agent cannot do that")
        return True

    async def _quarantine(self, kind: str, params: QuarantineParams) -> None:
        if kind == TaskKind.QUARANTINE_RESTORE:
            args = QuarantineRestoreArgs(item=params.item, is_excluding=params.is_excluding)
            await self._endpoint.ask(Op.QUARANTINE_RESTORE, args)
        else:
            await self._endpoint.ask(Op.QUARANTINE_DELETE, QuarantineDeleteArgs(item=params.item))

    async def _settle_quarantine(self, run: JournalRun) -> None:
        params = params_decode(run.kind, run.params)
        items = {item["item"] for item in await self._endpoint.ask(Op.QUARANTINE_LIST)}
        if isinstance(params, QuarantineParams) and str(params.item) in items:
            self.finish(run.run, TaskRunState.FAILED, "interrupted: the agent was stopped before it was done")
        else:
            self.finish(run.run, TaskRunState.FINISHED)

    async def _inventory(self, _run: OwnRun) -> dict[str, Any]:
        await self._send_inventory()
        return {}

    def _tell_progress(self, run: JournalRun, result: dict[str, Any]) -> None:
        self._journal.progress(run.run, now=self._clock(), result=result)
        self.tell()
