"""From *Save* in the console to the moment when a device has accepted the policy, over many real connections."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable

from seatkeep_protocol.subjects import group_key, kv_subject

from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.errors import BenchError
from seatkeep_bench.floors import pushed_seconds
from seatkeep_bench.results import Better, Row, row
from seatkeep_bench.stack import Stack
from seatkeep_bench.stats import percentile

GOAL_SECONDS = 2.0
ROUNDS = 5
PATIENCE_SECONDS = 30
SETTING = "scan.exclusions"

ChangePolicy = Callable[[str], Awaitable[None]]


class Arrivals:
    """Notes when each device has a marked exclusion in force; give `note` to the fleet as `on_applied`."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self._mark = ""
        self._begun = 0.0
        self._seen: dict[int, float] = {}
        self._all = asyncio.Event()
        self._expected = 0

    def expect(self, mark: str, devices: int) -> None:
        """Begin a round: the clock runs from now on."""
        self._mark, self._expected, self._seen = mark, devices, {}
        self._all.clear()
        self._begun = time.perf_counter()

    def note(self, device: SimulatedDevice, _key: str, _version: int) -> None:
        """Take notice of a document that a device has accepted."""
        if not self._mark or device.obedience is None or device.identity.number in self._seen:
            return
        if self._mark in device.obedience.settings()[SETTING]:
            self._seen[device.identity.number] = time.perf_counter() - self._begun
            if len(self._seen) == self._expected:
                self._all.set()

    async def all(self) -> list[float]:
        """Return every device's time, seconds.

        Raises:
            BenchError: Not all devices had the policy within 30 s.
        """
        try:
            await asyncio.wait_for(self._all.wait(), PATIENCE_SECONDS)
        except TimeoutError as error:
            raise BenchError(f"Only {len(self._seen)} of {self._expected} devices took the policy.") from error
        return list(self._seen.values())


async def policy_latency(stack: Stack, devices: list[SimulatedDevice], arrivals: Arrivals, change: ChangePolicy) -> Row:
    """Measure five changes of a policy on the devices' group.

    Args:
        stack: For the floor: a raw key-value put in the same bucket, pushed to the same connections.
        devices: Connected devices of one customer.
        arrivals: What the fleet reports to.
        change: Changes the policy so that its exclusions contain the given path; through the console.

    Raises:
        BenchError: A device did not take the policy in time.
    """
    times: list[float] = []
    for _ in range(ROUNDS):
        mark = f"/bench/{uuid.uuid4()}"
        arrivals.expect(mark, len(devices))
        await change(mark)
        times += await arrivals.all()
    floor = percentile(await _floor(stack, devices), 0.99)
    p99 = percentile(times, 0.99)
    return row(
        "policy_p99",
        value=p99,
        unit="s",
        better=Better.LOWER,
        goal=GOAL_SECONDS,
        floor=floor,
        p50=percentile(times, 0.50),
        p99=p99,
    )


async def _floor(stack: Stack, devices: list[SimulatedDevice]) -> list[float]:
    document = devices[0].obedience.device if devices[0].obedience else None
    if document is None:
        raise BenchError("The devices have no device document.")
    broker = await stack.broker()
    subject = kv_subject(group_key(document.company, uuid.uuid4().hex))
    times = await pushed_seconds(broker, [device.client for device in devices], subject, ROUNDS)
    await broker.close()
    return times
