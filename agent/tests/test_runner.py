"""What tasks ask of the endpoint, without a broker and with an endpoint that only notes it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from seatkeep_agent.errors import EndpointRefusedError
from seatkeep_agent.journal import Journal
from seatkeep_agent.runner import TaskRunner
from seatkeep_agent.spool import Spool
from seatkeep_agent.store import Store
from seatkeep_protocol.documents import DocumentTask
from seatkeep_protocol.local import Op, ScanDone
from seatkeep_protocol.tasks import TaskKind
from seatkeep_protocol.vocabulary import ScanMethod, TaskRunState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEVICE = "0123456789abcdef" * 2


class NotingEndpoint:
    """Notes what it is asked; `refusal` is its answer when set."""

    is_connected = True

    def __init__(self) -> None:
        self.asked: list[tuple[Op, msgspec.Struct | None]] = []
        self.refusal: EndpointRefusedError | None = None

    async def ask(self, op: Op, args: msgspec.Struct | None = None) -> Any:
        self.asked.append((op, args))
        if self.refusal is not None:
            raise self.refusal
        return None


class Scene:
    """A runner with its memory."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "agent.db")
        self.journal, self.endpoint = Journal(self.store), NotingEndpoint()
        self.spool = Spool(self.store, folder / "reserve", DEVICE)
        self.runner = TaskRunner(
            journal=self.journal, spool=self.spool,
            endpoint=self.endpoint, activate=self.nothing, send_inventory=self.nothing, clock=lambda: NOW,  # type: ignore[arg-type]
        )  # fmt: skip

    async def nothing(self) -> None:
        """Activation and inventory are tried elsewhere."""

    async def take(self, kind: TaskKind, **params: Any) -> uuid.UUID:
        at_us = int(NOW.timestamp() * 1_000_000)
        task = DocumentTask(
            run=uuid.uuid4(), task=uuid.uuid4(), kind=kind, params=params, issued_at_us=at_us, expires_at_us=at_us + 1
        )
        self.runner.receive([task])
        await self.runner.work()
        return task.run

    def is_in(self, state: TaskRunState, run: uuid.UUID) -> bool:
        return any(one.run == run for one in self.journal.in_state(state))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.store.close()


@pytest.mark.parametrize(
    ("params", "method"),
    [({}, ScanMethod.SEATKEEP), ({"method": "DEFENDER_FULL"}, ScanMethod.DEFENDER_FULL)],
)
async def test_a_scan_says_who_is_to_scan(scene: Scene, params: dict[str, Any], method: ScanMethod) -> None:
    await scene.take(TaskKind.SCAN, **params)

    ((op, args),) = scene.endpoint.asked
    assert (op, getattr(args, "method", None)) == (Op.SCAN_START, method)


async def test_fetching_signatures_lasts_until_the_endpoint_tells_its_end(scene: Scene) -> None:
    run = await scene.take(TaskKind.SIGNATURES_UPDATE)

    assert [op for op, _ in scene.endpoint.asked] == [Op.SIGNATURES_UPDATE]
    assert scene.is_in(TaskRunState.RUNNING, run)
    scene.runner.scan_done(ScanDone(run=run, files_scanned=0, bytes_scanned=0, files_skipped=0, threats=0))
    assert not scene.is_in(TaskRunState.RUNNING, run)


async def test_after_a_restart_it_is_asked_for_by_the_same_run(scene: Scene) -> None:
    run = await scene.take(TaskKind.SIGNATURES_UPDATE)
    scene.endpoint.refusal = EndpointRefusedError("scan_known", "this began before")
    await scene.runner.resume()

    assert len(scene.endpoint.asked) == 2
    assert scene.is_in(TaskRunState.RUNNING, run)


async def test_without_defender_it_fails_and_says_why(scene: Scene) -> None:
    scene.endpoint.refusal = EndpointRefusedError("defender_absent", "there is no Microsoft Defender on this machine")
    run = await scene.take(TaskKind.SIGNATURES_UPDATE)

    assert not scene.is_in(TaskRunState.RUNNING, run)
    assert not scene.is_in(TaskRunState.RECEIVED, run)


async def test_a_task_of_a_later_release_is_refused_alone(scene: Scene) -> None:
    scene.endpoint.is_connected = False
    run = await scene.take("DANCE", song="waltz")  # type: ignore[arg-type]
    scene.endpoint.is_connected = True
    scan = await scene.take(TaskKind.SCAN)

    event = scene.journal.event(run)
    assert event is not None
    assert (event.state, event.result) == (TaskRunState.FAILED, {"code": "agent_too_old"})
    assert scene.is_in(TaskRunState.RUNNING, scan)


async def test_what_came_too_late_says_by_which_clock(scene: Scene) -> None:
    """A computer whose clock is a day ahead refuses what was ordered a moment ago; its reader has to see why."""
    issued = int(NOW.timestamp() * 1_000_000) - 86_400_000_000
    task = DocumentTask(
        run=uuid.uuid4(), task=uuid.uuid4(), kind=TaskKind.MESSAGE, params={"text": "hello"}, issued_at_us=issued,
        expires_at_us=issued + 28_800_000_000,
    )  # fmt: skip
    scene.runner.receive([task])
    await scene.runner.work()
    raw = scene.spool.waiting(1)[0].raw
    assert b"by this computer's clock it is 2026-11-22 12:00 UTC" in raw
    assert scene.is_in(TaskRunState.EXPIRED, task.run)
