"""Many simulated devices: ramped up, kept running, or swept upward until a limit breaks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from seatkeep_bench.device import OnApplied, SimulatedDevice, Surroundings
from seatkeep_bench.errors import BenchError
from seatkeep_bench.identity import Identity, persona_of
from seatkeep_bench.memory import Memory
from seatkeep_bench.stats import Stats
from seatkeep_bench.web import Web, tls_context

REPORT_SECONDS = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FleetPlan:
    """What to simulate.

    Attributes:
        console_url: The console's address for devices.
        key: Deployment key or install link token.
        folder: Where the fleet's memory lies.
        devices: How many devices.
        seed: Makes the fleet; the same seed and console give the same devices.
        server_share: Share of servers, 0.0 to 1.0.
        ramp_per_second: How many devices start per second.
        ca_file: The stack's own CA; None for public certificates.
        heartbeat_seconds: Overrides the policy's interval.
        license_key: Activate by this key instead of the console's ticket.
        broker_urls: Overrides the addresses that enrollment gives.
    """

    console_url: str
    key: str
    folder: Path
    devices: int
    seed: str = "seatkeep"
    server_share: float = 0.1
    ramp_per_second: float = 20
    ca_file: Path | None = None
    heartbeat_seconds: float | None = None
    license_key: str | None = None
    broker_urls: tuple[str, ...] = ()


class Fleet:
    """Devices on one event loop; use `fleet_of` to get one that is closed again."""

    def __init__(self, plan: FleetPlan, around: Surroundings) -> None:
        """Prepare; nothing is started."""
        self.plan = plan
        self.around = around
        self.devices: list[SimulatedDevice] = []
        self._lives: list[asyncio.Task[None]] = []

    @property
    def stats(self) -> Stats:
        """What happened so far."""
        return self.around.stats

    async def start(self, count: int) -> None:
        """Start the next `count` devices at the ramp's pace; returns when the last one is up."""
        first = len(self.devices)
        begun = time.monotonic()
        starts = []
        for offset in range(count):
            await asyncio.sleep(max(0.0, begun + offset / self.plan.ramp_per_second - time.monotonic()))
            device = self.make(first + offset)
            self.devices.append(device)
            starts.append(asyncio.create_task(device.start()))
        await asyncio.gather(*starts)

    def live(self) -> None:
        """Let every device that is up send heartbeats from now on."""
        for device in self.devices[len(self._lives) :]:
            self._lives.append(asyncio.create_task(_beat_for_ever(device)))

    async def stop(self) -> None:
        """Hang up all devices; each remembers who it is."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        await asyncio.gather(*(device.stop() for device in self.devices), return_exceptions=True)

    def make(self, number: int) -> SimulatedDevice:
        """Return device `number` as it woke up, not yet joined or started."""
        persona = persona_of(self.plan.seed, number, self.plan.server_share)
        return SimulatedDevice(Identity(self.plan.seed, number, persona), self.around)


@asynccontextmanager
async def fleet_of(plan: FleetPlan, on_applied: OnApplied | None = None) -> AsyncIterator[Fleet]:
    """Open a fleet's memory and connections, and close them at the end.

    Args:
        plan: What to simulate.
        on_applied: Told of each document that a device accepts.

    Raises:
        BenchError: The folder belongs to another fleet.
    """
    memory = Memory(plan.folder)
    context = tls_context(plan.ca_file)
    web = Web(console_url=plan.console_url, key=plan.key, context=context)
    try:
        memory.fact("seed", plan.seed)
        memory.fact("console", plan.console_url)
        around = Surroundings(
            web=web,
            memory=memory,
            context=context,
            heartbeat_seconds=plan.heartbeat_seconds,
            license_key=plan.license_key,
            broker_urls=plan.broker_urls,
            on_applied=on_applied,
        )
        fleet = Fleet(plan, around)
        try:
            yield fleet
        finally:
            await fleet.stop()
    finally:
        await web.close()
        memory.close()


async def simulate(plan: FleetPlan, *, seconds: float | None, tell: Callable[[str], None]) -> Stats:
    """Run a fleet.

    Args:
        plan: What to simulate.
        seconds: How long after the ramp; None runs until canceled.
        tell: Gets a line every 5 s.
    """
    async with fleet_of(plan) as fleet:
        teller = asyncio.create_task(_tell_for_ever(fleet, tell))
        try:
            await fleet.start(plan.devices)
            fleet.live()
            tell(f"all {plan.devices} devices are up")
            await (asyncio.sleep(seconds) if seconds is not None else asyncio.Event().wait())
        finally:
            teller.cancel()
        return fleet.stats


async def sweep(
    plan: FleetPlan, *, step: int, hold_seconds: float, limit_seconds: float, tell: Callable[[str], None]
) -> int:
    """Add devices step by step until the 99th percentile of an acknowledged report exceeds a limit.

    Args:
        plan: What to simulate; `devices` is the most that is tried.
        step: Devices per step.
        hold_seconds: How long each step is watched.
        limit_seconds: The limit.
        tell: Gets a line per step.

    Returns:
        The largest number of devices that stayed within the limit.
    """
    good = 0
    async with fleet_of(plan) as fleet:
        while good + step <= plan.devices:
            await fleet.start(step)
            fleet.live()
            fleet.stats.forget_durations("sent")
            await asyncio.sleep(hold_seconds)
            p50, p99 = fleet.stats.p50("sent"), fleet.stats.p99("sent")
            tell(f"{len(fleet.devices)} devices: report acknowledged p50 {p50:.3f} s, p99 {p99:.3f} s")
            if not p99 <= limit_seconds:
                break
            good = len(fleet.devices)
    return good


async def _beat_for_ever(device: SimulatedDevice) -> None:
    try:
        await device.live()
    except BenchError as error:
        _log.warning("%s ends: %s", device.identity.hostname, error)


async def _tell_for_ever(fleet: Fleet, tell: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(REPORT_SECONDS)
        tell(f"{fleet.stats.line()} · ack p99 {fleet.stats.p99('sent'):.3f} s")
