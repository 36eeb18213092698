"""Puts the endpoint together and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from datetime import datetime
from pathlib import Path

from seatkeep_license.localhost import install_localhost_names
from seatkeep_protocol.fingerprint import Component, fingerprint_components, fingerprint_digest

from seatkeep_endpoint.errors import AlreadyRunningError, EndpointError
from seatkeep_endpoint.keys import device_key_load
from seatkeep_endpoint.leasing.hub import HttpHub, Hub
from seatkeep_endpoint.leasing.keeper import LeaseKeeper
from seatkeep_endpoint.news import News
from seatkeep_endpoint.paths import Layout
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.platforms.base import Platform
from seatkeep_endpoint.scanning.schedule import next_scan_at
from seatkeep_endpoint.server import Connection
from seatkeep_endpoint.service import RELAY_URL, EndpointService, utc_now
from seatkeep_endpoint.store import Store

log = logging.getLogger(__name__)
STATUS_EVERY_SECONDS = 30.0
SCHEDULE_LOOK_SECONDS = 20.0
FINGERPRINT = "fingerprint"
LOCK_SECONDS = 10.0
STEADY_COMPONENTS = frozenset({Component.MACHINE_ID, Component.BOARD_SERIAL, Component.SYSTEM_UUID, Component.MAC})
"""What repairs seldom change: the digest is one over all, so a new disk must not make it another machine's."""


class Daemon:
    """One endpoint below one root.

    Args:
        root: The folder that the installer chose.
        on: The platform; this machine's when None.
        is_supervised: End when standard input does: the agent holds its other end.
    """

    def __init__(self, root: Path, on: Platform | None = None, *, is_supervised: bool = False) -> None:
        self.layout = Layout(root)
        self.layout.prepare()
        self._platform = on or platform()
        self._lock = hold(self._platform, self.layout.lock_file)
        self._store = Store(self.layout.database)
        self._news = News(self._store)
        key = device_key_load(self.layout.device_key)
        keeper = LeaseKeeper(
            store=self._store, key=key, fingerprint=self._fingerprint, connect=self._connect,
            clock=utc_now, on_change=self._seat_changed,
        )  # fmt: skip
        self._keeper = keeper
        self.service = EndpointService(
            layout=self.layout, store=self._store, key=key, keeper=keeper, news=self._news,
            platform=self._platform, clock=utc_now,
        )  # fmt: skip
        self._stopping = asyncio.Event()
        self._is_supervised = is_supervised

    async def run(self) -> None:
        """Serve until asked to end."""
        with self._platform.stop_requests(self._stopping.set, is_with_input=self._is_supervised):
            self.service.scanner.report_cut_off()
            self.service.defender_jobs.report_cut_off()
            server = await self._platform.serve_local(self.layout.socket, self._serve)
            jobs = [self._keeper.run(), self._watch_status(), self._keep_schedule(), self.service.watch()]
            if self.service.defender is not None:
                jobs.append(self.service.defender.run(self.service.tell_status))
            tasks = [asyncio.create_task(job) for job in jobs]
            log.info("endpoint serves at %s", self.layout.socket)
            try:
                await self._stopping.wait()
            finally:
                server.close()
                await self._end(tasks)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        self.service.scanner.cancel_all()
        self.service.defender_jobs.stop()
        if self.service.defender is not None:
            self.service.defender.close()
        await self.service.scanner.wait()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self.service.watcher.close)
        self.layout.socket.unlink(missing_ok=True)
        self._store.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Connection(self.service, reader, writer).serve()

    def _seat_changed(self) -> None:
        if not self.service.view().is_protecting:
            self.service.scanner.cancel_all()
        self.service.tell_status()

    async def _watch_status(self) -> None:
        """Leases expire and engines go away without anybody saying so."""
        while True:
            self.service.tell_status()
            await asyncio.sleep(STATUS_EVERY_SECONDS)

    async def _keep_schedule(self) -> None:
        """Start the scheduled scan. Looks often, because the clock and the schedule may change at any time."""
        looked_at = local_now()
        while True:
            await asyncio.sleep(SCHEDULE_LOOK_SECONDS)
            due = next_scan_at(self.service.settings.values()["scan.schedule"], looked_at)
            looked_at = local_now()
            if due is not None and due <= looked_at:
                self._scan_scheduled()

    def _scan_scheduled(self) -> None:
        try:
            self.service.scan_begin(uuid.uuid4(), [])
        except EndpointError as error:
            log.warning("the scheduled scan did not start: %s", error)

    def _fingerprint(self, hub_url: str) -> str:
        """The digest by which the hub knows this machine: computed once per hub and kept."""
        name = f"{FINGERPRINT}:{hub_url}"
        known = self._store.fact(name, str)
        if known is None:
            known = fingerprint_digest(fingerprint_components(self._components(), hub_url))
            self._store.fact_set(name, known)
        return known

    def _components(self) -> dict[str, str]:
        """What identifies this machine: its hardware, or the id that was given to a container."""
        if self.layout.machine_id.exists():
            return {Component.MACHINE_ID.value: self.layout.machine_id.read_text().strip()}
        found = self._platform.fingerprint_components()
        return {name: value for name, value in found.items() if name in STEADY_COMPONENTS}

    def _connect(self, url: str) -> Hub:
        relay = self._store.fact(RELAY_URL, str) or None
        return HttpHub(url, self.layout.ca_file, relay)


def local_now() -> datetime:
    """The machine's local time, aware."""
    return utc_now().astimezone()


async def daemon_run(root: Path, *, is_supervised: bool) -> None:
    """Run an endpoint below `root` until it is told to stop."""
    install_localhost_names()
    await Daemon(root, is_supervised=is_supervised).run()


def hold(on: Platform, path: Path) -> int:
    """Be the only endpoint below a root; the one before may need a moment to end.

    Raises:
        AlreadyRunningError: It does not end within ten seconds.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while (descriptor := on.hold(path)) is None:
        if time.monotonic() > deadline:
            raise AlreadyRunningError(f"another endpoint holds {path}")
        time.sleep(0.05)
    return descriptor
