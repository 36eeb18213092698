"""How much the manager's benches are measured with."""

from __future__ import annotations

from dataclasses import dataclass, field

from seatkeep_bench.hub.sizes import Region


@dataclass(frozen=True)
class ManagerSizes:
    """What is measured; the defaults take about a quarter of an hour on two quiet cores.

    Attributes:
        enrolled: Devices that join in each of the two rows of enrollment; all of them connect afterwards.
        known: Devices of the same customer before the second of these rows.
        beats: Heartbeats that each connected device sends.
        detections: Events, shared by the connected devices.
        inventories: Inventories with 60 programs, shared by the connected devices.
        items: Programs of such an inventory.
        rounds: Changes of a policy, tasks for all.
        down_seconds: How long the server stays away.
        customers: Customers whose pages are looked at.
        devices: Devices of those.
        log_rows: Lines of logs: audit entries, task runs and problems that have gone.
        reports_per_second: What arrives while pages are looked at.
        looks: How often each page is asked for.
        companies: What a first synchronization reads.
        deltas: Changes that are synchronized one by one.
        agent_seconds: How long the idle agent is watched.
    """

    enrolled: int = 2_500
    known: int = 10_000
    beats: int = 20
    detections: int = 15_000
    inventories: int = 5_000
    items: int = 60
    rounds: int = 3
    down_seconds: float = 60
    customers: int = 500
    devices: int = 100_000
    log_rows: int = 5_000_000
    reports_per_second: int = 500
    looks: int = 20
    companies: Region = field(default=Region(4_545, 10, 0))
    deltas: int = 10
    agent_seconds: float = 60

    @property
    def connected(self) -> int:
        """Devices with a connection of their own."""
        return 2 * self.enrolled


TINY = ManagerSizes(
    enrolled=20,
    known=60,
    beats=5,
    detections=80,
    inventories=40,
    rounds=1,
    down_seconds=1,
    customers=5,
    devices=200,
    log_rows=3_000,
    reports_per_second=20,
    looks=2,
    companies=Region(4, 5, 0),
    deltas=2,
    agent_seconds=10,
)
"""Enough to see that every row is measured."""
