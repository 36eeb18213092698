"""A device with group tasks, without endpoint and broker: its triggers, its runner, its clock."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.journal import Journal
from seatkeep_agent.own_work import Hands, own_work
from seatkeep_agent.power import PowerKeeper
from seatkeep_agent.runner import TaskRunner
from seatkeep_agent.spool import Spool
from seatkeep_agent.store import Store
from seatkeep_agent.triggers import TriggerFollower
from seatkeep_protocol.documents import GroupDocument, audience_of_company
from seatkeep_protocol.messages import TaskRunEvent
from seatkeep_protocol.policy import ChainNode, NodeKind
from seatkeep_protocol.subjects import group_key
from seatkeep_protocol.triggers import GroupTask, fire_us
from seatkeep_protocol.vocabulary import TaskRunState

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEVICE, COMPANY, STATIC, DYNAMIC = "0123456789abcdef" * 2, "c" * 32, "a" * 32, "d" * 32
TASK = uuid.UUID(int=5)


class FakePeople:
    """Nobody before the machine; notes what would have happened to it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.restarts: list[int] = []
        self.is_there = True

    def message_user(self, text: str) -> bool:
        self.said.append(text)
        return self.is_there

    def restart(self, delay_minutes: int) -> None:
        if not self.is_there:
            raise LocalFailureError("only root can restart this machine")
        self.restarts.append(delay_minutes)


class NoEndpoint:
    """A machine without an endpoint."""

    is_connected = False


class Scene:
    """The triggers and the runner of a device, with its memory; `restart` is a new process on the same disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.people = folder, START, FakePeople()
        self.groups: list[str] | None = []
        self.document: GroupDocument | None = None
        self.restart()

    def restart(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
        self.store = Store(self.folder / "agent.db")
        self.journal = Journal(self.store)
        self.triggers = TriggerFollower(
            store=self.store, device=DEVICE, group=lambda: self.document, groups=lambda: self.groups,
            clock=lambda: self.now, on_fire=lambda: None, zone=BERLIN,
        )  # fmt: skip
        self.runner = TaskRunner(
            journal=self.journal, spool=Spool(self.store, self.folder / "reserve", DEVICE),
            endpoint=NoEndpoint(), activate=self.nothing, send_inventory=self.nothing, clock=lambda: self.now,  # type: ignore[arg-type]
            own=own_work(self.hands()),
        )  # fmt: skip
        self.runner.settle()

    def hands(self) -> Hands:
        """Hands that reach people and the machine's switch; isolation and logs are tried elsewhere."""
        people: Any = self.people
        power = PowerKeeper(
            store=self.store, people=people, board=self.folder / "notice", clock=lambda: self.now,
            finish=lambda run, state, detail, result: None,
        )  # fmt: skip
        nothing: Any = None
        return Hands(
            layout=nothing, people=people, power=power, isolation=nothing, send_logs=nothing,
            configuration=lambda: {"agent": {"heartbeat.interval_seconds": 60}}, may_run_commands=lambda: False,
        )  # fmt: skip

    async def nothing(self) -> None:
        """Tried elsewhere."""

    def order(self, trigger: dict[str, Any], *, group: str = STATIC, **changes: Any) -> None:
        task = {
            "task": TASK, "group": group, "kind": "MESSAGE", "params": {"text": "hello"}, "trigger": trigger,
            "issued_at_us": fire_us(START), "life_seconds": 3600, **changes,
        }  # fmt: skip
        self.document = GroupDocument(
            instance="1" * 32, key=group_key(COMPANY, STATIC), audience=audience_of_company(COMPANY), version=1,
            issued_at_us=0, group=STATIC, tasks=(GroupTask(**task),),
            nodes=(ChainNode(kind=NodeKind.STATIC, node=STATIC, name="All", policies=()),),
        )  # fmt: skip
        self.triggers.see()

    def look(self, **later: float) -> None:
        self.now += timedelta(**later)
        self.triggers.look()

    def runs(self) -> list[TaskRunEvent]:
        rows = self.store.rows("SELECT run FROM run")
        events = [self.journal.event(uuid.UUID(row["run"])) for row in rows]
        return sorted((event for event in events if event), key=lambda event: event.fired_at_us or 0)

    def fires(self) -> list[datetime]:
        return [datetime.fromtimestamp((event.fired_at_us or 0) / 1e6, BERLIN) for event in self.runs()]

    def states(self) -> list[TaskRunState]:
        return [event.state for event in self.runs()]
