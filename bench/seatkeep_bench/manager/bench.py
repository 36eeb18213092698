"""`seatkeep-bench manager`: one stack for devices and pages, one for the link; each row at the size it is about."""

from __future__ import annotations

import shutil
import uuid
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from seatkeep_bench.errors import BenchError
from seatkeep_bench.manager.crowds import Crowds, crowds_of
from seatkeep_bench.manager.enrollments import enroll
from seatkeep_bench.manager.idle_agent import SETTLE_SECONDS, idle_agent
from seatkeep_bench.manager.intake import Intake
from seatkeep_bench.manager.looks import look
from seatkeep_bench.manager.reach import Reach
from seatkeep_bench.manager.sizes import ManagerSizes
from seatkeep_bench.manager.sync import linked_stack
from seatkeep_bench.manager.world import World
from seatkeep_bench.provision import BenchStack, own_stack
from seatkeep_bench.results import Better, Row, write
from seatkeep_bench.sheet import Sheet, Tell, Wanted

DAILY_CAP = 100_000
"""What the template of the bench's customer says; the console proposes 200."""
CONNECT_SECONDS = 420.0

WANTED = (
    Wanted("telemetry", "/s", Better.HIGHER, 20_000),
    Wanted("events", "/s", Better.HIGHER, 3_000),
    Wanted("enroll_empty", "/s", Better.HIGHER, 400),
    Wanted("enroll_at_10k", "/s", Better.HIGHER, 400),
    Wanted("inventory", "/s", Better.HIGHER, 300),
    Wanted("doc_4k_p99", "s", Better.LOWER, 2),
    Wanted("doc_26k_p99", "s", Better.LOWER, 4),
    Wanted("task_all", "s", Better.LOWER, 5),
    Wanted("back_after_kill", "s", Better.LOWER, 45),
    Wanted("page_p95", "ms", Better.LOWER, 100),
    Wanted("dashboard", "ms", Better.LOWER, 200),
    Wanted("first_sync", "s", Better.LOWER, 60),
    Wanted("sync_delta", "s", Better.LOWER, 1),
    Wanted("agent_rss", "MB", Better.LOWER, 64),
    Wanted("agent_idle_cpu", "%", Better.LOWER, 0.2),
)


def manager_bench(folder: Path, sizes: ManagerSizes, tell: Tell) -> list[Row]:
    """Measure the manager on stacks of the bench's own.

    Args:
        folder: Gets the stacks, those of the last run are removed, and bench-manager.json.
        sizes: How much.
        tell: Gets a line per step.
    """
    sheet = Sheet(WANTED, tell)
    for name in ("manager-stack", "link-stack", "agent"):
        shutil.rmtree(folder / name, ignore_errors=True)
    try:
        _measure(folder, sizes, sheet, tell)
    finally:  # An interrupted run leaves what it has.
        write(sheet.rows(), folder / "bench-manager.json")
    return sheet.rows()


def _measure(folder: Path, sizes: ManagerSizes, sheet: Sheet, tell: Tell) -> None:
    with sheet.trying("first_sync"), linked_stack(folder / "link-stack", sizes.companies, tell) as (link, division):
        sheet.put(link.first_sync())
        with sheet.trying("sync_delta"):
            sheet.put(link.sync_delta(division, sizes.deltas))
    with sheet.trying("enroll_empty"), own_stack(folder / "manager-stack", tell, DAILY_CAP) as bench:
        _Run(bench, folder, sizes, sheet, tell).all()


class _Run:
    """Everything that one stack with devices is measured by, in an order in which nothing is in the way of the next."""

    def __init__(self, bench: BenchStack, folder: Path, sizes: ManagerSizes, sheet: Sheet, tell: Tell) -> None:
        self._bench, self._folder, self._sizes = bench, folder, sizes
        self._sheet, self._tell = sheet, tell
        self._seed = f"manager-{uuid.uuid4()}"
        self._answers: list[tuple[int, bytes]] = []

    def all(self) -> None:
        sizes, sheet = self._sizes, self._sheet
        with sheet.trying("agent_rss"):
            settle = min(SETTLE_SECONDS, sizes.agent_seconds)
            for one in idle_agent(self._bench, self._folder / "agent", settle=settle, seconds=sizes.agent_seconds):
                sheet.put(one)
        with closing(World(self._bench.stack.manager_database)) as world:
            self._enroll(world)
        with ExitStack() as stack:
            crowds = self._crowds(stack)
            if crowds is not None:
                self._devices(crowds)
            self._pages(crowds)

    def _enroll(self, world: World) -> None:
        """Devices join an empty customer, and one that has ten thousand."""
        sheet, sizes, empty = self._sheet, self._sizes, None
        with sheet.trying("enroll_empty"):
            found, answers = enroll(
                self._bench.stack, "enroll_empty", seed=self._seed, first=0, count=sizes.enrolled
            )  # fmt: skip
            sheet.put(found)
            empty = found.value
            self._answers += answers
        with sheet.trying("enroll_at_10k"):
            world.known(max(0, sizes.known - sizes.enrolled))
            found, answers = enroll(
                self._bench.stack, "enroll_at_10k", seed=self._seed, first=sizes.enrolled, count=sizes.enrolled,
                growth_of=empty,
            )  # fmt: skip
            sheet.put(found)
            self._answers += answers

    def _crowds(self, stack: ExitStack) -> Crowds | None:
        """Connect every device that joined; None when they do not all come up."""
        found: list[Crowds] = []
        with self._sheet.trying("connecting"):
            crowds = stack.enter_context(crowds_of(self._seed, self._answers, self._bench.stack.ca_file))
            up = sum(crowds.all("connect", seconds=CONNECT_SECONDS))
            if up != len(self._answers):
                raise BenchError(f"Only {up} of {len(self._answers)} devices are connected with their documents.")
            found.append(crowds)
        return found[0] if found else None

    def _devices(self, crowds: Crowds) -> None:
        sheet, sizes = self._sheet, self._sizes
        devices = [str(msgspec.json.decode(raw)["device"]) for _, raw in self._answers]
        reach = Reach(self._bench, crowds, devices, self._tell)
        intake = Intake(self._bench, crowds, self._tell)
        with sheet.trying("settling"):
            reach.settle()
        with sheet.trying("telemetry"):
            sheet.put(intake.telemetry(sizes.beats * len(devices)))
        with sheet.trying("doc_4k_p99"):
            sheet.put(reach.document("doc_4k_p99", kilobytes=4, goal=2, rounds=sizes.rounds))
        with sheet.trying("doc_26k_p99"):
            sheet.put(reach.document("doc_26k_p99", kilobytes=26, goal=4, rounds=sizes.rounds))
        with sheet.trying("task_all"):
            sheet.put(reach.task_all(sizes.rounds))
        with sheet.trying("events"):
            sheet.put(intake.events(sizes.detections))
        with sheet.trying("inventory"):
            sheet.put(intake.inventory(sizes.inventories, sizes.items))
        with sheet.trying("back_after_kill"):
            sheet.put(reach.back_after_kill(sizes.down_seconds))

    def _pages(self, crowds: Crowds | None) -> None:
        sheet, sizes = self._sheet, self._sizes
        with sheet.trying("page_p95"), closing(World(self._bench.stack.manager_database)) as world:
            world.everything(sizes)
            rate, looks = sizes.reports_per_second, sizes.looks
            for one in look(self._bench, crowds, world, per_second=rate, times=looks, tell=self._tell):
                sheet.put(one)
