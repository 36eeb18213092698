"""`seatkeep-bench smoke`: the numbers that every change shall keep, each beside its floor."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seatkeep_bench.benches.activation import activation
from seatkeep_bench.benches.policy import Arrivals, policy_latency
from seatkeep_bench.benches.reports import reports
from seatkeep_bench.browser import Browser
from seatkeep_bench.console import PolicyPage
from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.errors import BenchError
from seatkeep_bench.fleet import Fleet, FleetPlan, fleet_of
from seatkeep_bench.provision import own_stack
from seatkeep_bench.results import Row
from seatkeep_bench.stack import Stack

QUIET_HEARTBEAT_SECONDS = 3_600.0
RAMP_PER_SECOND = 25
SETTLE_SECONDS = 120

Tell = Callable[[str], None]


@dataclass(frozen=True)
class SmokeSizes:
    """How much is measured; the defaults take about a minute.

    Attributes:
        activations: How many devices take a seat.
        reports: How many heartbeats are sent.
        agents: How many devices are connected; a deployment key lets 200 a day in.
    """

    activations: int = 4_000
    reports: int = 20_000
    agents: int = 200


def smoke(folder: Path, sizes: SmokeSizes, tell: Tell) -> list[Row]:
    """Measure on a stack of the bench's own.

    With SEATKEEP_BENCH_KEY in the environment it attaches to a running stack instead (see `Stack.from_environment`,
    and SEATKEEP_BENCH_POLICY_URL, _EMAIL, _PASSWORD for a policy that a person may edit).

    Args:
        folder: Gets stack and fleet; those of the last run are removed.
        sizes: How much.
        tell: Gets a line per step.

    Raises:
        BenchError: Something was refused or did not come in time.
    """
    if "SEATKEEP_BENCH_KEY" in os.environ:
        return _attached(folder, sizes, tell)
    for name in ("stack", "fleet"):  # Every run begins with empty tables, so that two runs can be compared.
        shutil.rmtree(folder / name, ignore_errors=True)
    with own_stack(folder / "stack", tell) as own:
        page = PolicyPage(own.browser, own.facts.policy_url)
        return asyncio.run(_measure(own.stack, folder / "fleet", sizes, page, tell))


def _attached(folder: Path, sizes: SmokeSizes, tell: Tell) -> list[Row]:
    stack, address = Stack.from_environment(), os.environ["SEATKEEP_BENCH_POLICY_URL"]
    browser = Browser()
    browser.sign_in(address, email=os.environ["SEATKEEP_BENCH_EMAIL"], password=os.environ["SEATKEEP_BENCH_PASSWORD"])
    try:
        return asyncio.run(_measure(stack, folder / "fleet", sizes, PolicyPage(browser, address), tell))
    finally:
        browser.close()


async def _measure(stack: Stack, folder: Path, sizes: SmokeSizes, page: PolicyPage, tell: Tell) -> list[Row]:
    tell(f"activating {sizes.activations} devices, twice")
    rows = await activation(stack, sizes.activations)
    arrivals = Arrivals()
    plan = FleetPlan(
        console_url=stack.console_url,
        key=stack.key,
        folder=folder,
        devices=sizes.agents,
        ramp_per_second=RAMP_PER_SECOND,
        ca_file=stack.ca_file,
        heartbeat_seconds=QUIET_HEARTBEAT_SECONDS,
    )
    async with fleet_of(plan, arrivals.note) as fleet:
        tell(f"connecting {sizes.agents} agents")
        devices = await _connected(fleet, sizes.agents)
        tell("changing a policy")
        latency = await policy_latency(stack, devices, arrivals, page.change)
        tell(f"sending {sizes.reports} reports")
        rows.append(await reports(stack, devices, sizes.reports))
    return [*rows, latency]


async def _connected(fleet: Fleet, count: int) -> list[SimulatedDevice]:
    """Connect devices and wait until each obeys its documents and holds its seat: what follows is no roll-out."""
    await fleet.start(count)
    deadline = time.monotonic() + SETTLE_SECONDS
    while not all(device.has_seat and device.obedience and device.obedience.device for device in fleet.devices):
        if time.monotonic() > deadline:
            raise BenchError(f"Not all of {count} devices had documents and a seat within {SETTLE_SECONDS} s.")
        await asyncio.sleep(0.1)
    return fleet.devices
