"""What goes up: heartbeats, inventory, status, and the emptying of the spool."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime

import msgspec
from seatkeep_protocol.fingerprint import fingerprint_components
from seatkeep_protocol.ids import DeviceId
from seatkeep_protocol.messages import Body, Disk, Heartbeat, Inventory, IsolationState
from seatkeep_protocol.subjects import up_subject

from seatkeep_agent import __version__
from seatkeep_agent.bus import Bus, NotStoredError
from seatkeep_agent.clock import wait_for
from seatkeep_agent.errors import SpoolFullError
from seatkeep_agent.identity import Identity
from seatkeep_agent.journal import micros
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.spool import Spool, Waiting

log = logging.getLogger(__name__)
WINDOW = 64
PAUSE_SECONDS = 2.0


class Publisher:
    """Empties the spool into the broker, in order, up to 64 messages in flight.

    Args:
        spool: What waits.
        bus: Where it goes.
        device: Who sends.
    """

    def __init__(self, spool: Spool, bus: Bus, device: str) -> None:
        self._spool, self._bus, self._device = spool, bus, DeviceId(device)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    async def run(self) -> None:
        """Publish for ever; what the broker did not confirm is sent again."""
        while True:
            self._wake.clear()
            waiting = self._spool.waiting(WINDOW) if self._bus.is_connected else []
            if not waiting:
                await wait_for(self._wake, PAUSE_SECONDS)
            elif not await self._send(waiting):
                await asyncio.sleep(PAUSE_SECONDS * (0.5 + random.random() / 2))  # noqa: S311  # spreads load

    async def flush(self, seconds: float) -> bool:
        """Wait until everything spooled so far is stored, at most so long; True when it is."""
        for _ in range(int(seconds * 10)):
            if self._spool.count() == 0:
                break
            await asyncio.sleep(0.1)
        return self._spool.count() == 0

    async def _send(self, waiting: list[Waiting]) -> bool:
        """Send a window; True when every message is stored."""
        outcomes = await asyncio.gather(*(self._send_one(message) for message in waiting))
        stored = [message.seq for message, is_stored in zip(waiting, outcomes, strict=True) if is_stored]
        try:
            self._spool.acknowledge(stored)
        except SpoolFullError as error:
            log.error("the disk is full; %d messages will be sent again: %s", len(stored), error)
            return False
        return len(stored) == len(waiting)

    async def _send_one(self, message: Waiting) -> bool:
        try:
            await self._bus.publish(up_subject(self._device, message.kind), message.raw, message.message_id)
        except NotStoredError as error:
            log.info("message %d is not stored yet: %s", message.seq, error)
            return False
        return True


class Reporter:
    """Puts this device's own news into the spool; a full disk costs telemetry, never the process.

    Args:
        spool: Where they go.
        publisher: Is woken.
        platform: Knows the machine.
        identity: Gives who we are.
        components: Gives what identifies this machine.
        clock: Current time, aware UTC.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        publisher: Publisher,
        platform: Platform,
        identity: Callable[[], Identity],
        components: Callable[[], dict[str, str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._spool, self._publisher, self._platform = spool, publisher, platform
        self._identity, self._components, self._clock = identity, components, clock
        self._started_at = clock()
        self._inventory = b""
        self.inventory_newest: Inventory | None = None
        """What was gathered last, sent or not."""

    def send(self, body: Body) -> bool:
        """Spool a message; False when the disk is full."""
        try:
            self._spool.put(body, now=self._clock())
        except SpoolFullError as error:
            log.error("the disk is full; %s is not kept: %s", type(body).__name__, error)
            return False
        finally:
            self._publisher.wake()
        return True

    def heartbeat(
        self,
        applied: dict[str, int],
        interval_seconds: int,
        groups: list[str] | None,
        isolation: IsolationState | None = None,
    ) -> None:
        """Say that this device lives, which documents it follows, which dynamic groups take it and if it is cut off."""
        self.send(
            Heartbeat(
                agent_version=__version__,
                started_at_us=micros(self._started_at),
                interval_seconds=interval_seconds,
                applied=applied,
                spool_waiting=self._spool.count(),
                addresses=self._platform.addresses(),
                user=self._platform.user(),
                groups=groups,
                isolation=isolation,
            )
        )

    async def inventory(self, *, is_forced: bool = False) -> None:
        """Send the inventory if it changed since it was sent last; of free disk space only that a disk gets full."""
        inventory = self.inventory_newest = await asyncio.to_thread(self._gather)
        encoded = msgspec.msgpack.encode(without_free_space(inventory))
        if (is_forced or encoded != self._inventory) and self.send(shorten(inventory)):
            self._inventory = encoded

    def _gather(self) -> Inventory:
        return Inventory(
            hostname=self._platform.hostname()[:255],
            kind=self._platform.kind(),
            os=self._platform.os_info(),
            hardware=self._platform.hardware(),
            software=self._platform.software(),
            fp=fingerprint_components(self._components(), self._identity().console[0]),
            domain=self._platform.domain(),
            last_user=self._platform.last_user(),
            needs_restart=self._platform.needs_restart(),
        )


def without_free_space(inventory: Inventory) -> Inventory:
    """The inventory as it is compared; of a disk that gets full, each twentieth part counts."""
    disks = [msgspec.structs.replace(disk, free_bytes=_free_steps(disk)) for disk in inventory.hardware.disks]
    hardware = msgspec.structs.replace(inventory.hardware, disks=disks)
    return msgspec.structs.replace(inventory, hardware=hardware)


def _free_steps(disk: Disk) -> int:
    """Full twentieths that are free, up to half: so that the manager hears of a disk that fills, not of each file."""
    return min(10, 20 * disk.free_bytes // disk.size_bytes) if disk.size_bytes else 0


def shorten(inventory: Inventory, limit_bytes: int = 250_000) -> Inventory:
    """Leave out software from the end of the list until the message fits."""
    while inventory.software and len(msgspec.msgpack.encode(inventory)) > limit_bytes:
        keep = len(inventory.software) * 9 // 10
        inventory = msgspec.structs.replace(inventory, software=inventory.software[:keep])
    return inventory
