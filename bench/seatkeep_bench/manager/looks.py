"""Pages of a console with 100,000 devices, while these report."""

from __future__ import annotations

from collections.abc import Sequence

from seatkeep_bench.looker import Looker
from seatkeep_bench.manager.crowds import PROCESSES, Crowds
from seatkeep_bench.manager.world import World
from seatkeep_bench.provision import BenchStack
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.sheet import Tell
from seatkeep_bench.stats import percentile

DASHBOARD = "/dashboard/"
LISTS = (
    "/", "/computers/", "/computers/?q=reception-0001", "/customers/", "/detections/", "/quarantine/", "/tasks/",
    "/tasks/rules/", "/tasks/software/", "/policies/", "/group-templates/", "/approvals/", "/installers/",
    "/licenses/", "/users/", "/permission-sets/", "/api-clients/", "/audit/", "/settings/", "/link/",
    "/search/?q=till-00012", DASHBOARD,
)  # fmt: skip


def look(
    bench: BenchStack, crowds: Crowds | None, world: World, *, per_second: int, times: int, tell: Tell
) -> list[Row]:
    """Look at each page in turn; returns the rows `page_p95` and `dashboard`.

    Args:
        bench: The running stack, its owner signed in.
        crowds: Who reports meanwhile; None where no device is connected.
        world: The filled database.
        per_second: How many reports arrive.
        times: How often each page is looked at.
        tell: Gets the time of each page.
    """
    looker = Looker(
        bench.browser,
        people_url=bench.console_people_url,
        inside_url=bench.environment["SEATKEEP_BENCH_CONSOLE_URL"],
    )
    try:
        floor = looker.seconds(["/healthz"], times)["/healthz"]
        if crowds is not None:
            crowds.all("trickle", per_second=per_second / PROCESSES)
        found = looker.seconds([*LISTS, *_single(world)], times)
        if crowds is not None:
            tell(f"  {sum(crowds.all('hush'))} reports arrived meanwhile")
    finally:
        looker.close()
    for path, seconds in sorted(found.items(), key=lambda one: -percentile(one[1], 0.95)):
        tell(f"  {percentile(seconds, 0.95) * 1_000:8.1f} ms  {path}")
    everything = [one for path, seconds in found.items() if path != DASHBOARD for one in seconds]
    bare = percentile(floor, 0.95) * 1_000
    return [_row("page_p95", everything, 100, bare), _row("dashboard", found[DASHBOARD], 200, bare)]


def _row(name: str, seconds: Sequence[float], goal: float, floor: float) -> Row:
    return row(
        name, value=percentile(seconds, 0.95) * 1_000, unit="ms", better=Better.LOWER, goal=goal, floor=floor,
        p50=percentile(seconds, 0.50), p99=percentile(seconds, 0.99),
    )  # fmt: skip


def _single(world: World) -> list[str]:
    """Pages of one thing each."""
    device = world.one(
        "SELECT uid FROM directory_device WHERE agent_thumbprint LIKE 'bench-%' ORDER BY id DESC LIMIT 1"
    )
    customer = world.one("SELECT uid FROM hublink_mirroredcompany WHERE name = 'Customer 0002'")
    group = world.one("SELECT uid FROM directory_staticgroup WHERE name = 'Customer 0002'")
    task = world.one("SELECT uid FROM tasks_clienttask WHERE created_by = 'bench' ORDER BY id LIMIT 1")
    problem = world.one("SELECT uid FROM problems_problem WHERE state = 'OPEN' ORDER BY id LIMIT 1")
    return [
        f"/computers/{device}/", f"/customers/{customer}/", f"/computers/?group={group}", f"/tasks/{task}/",
        f"/problems/{problem}/", f"/policies/groups/{group}/",
    ]  # fmt: skip
