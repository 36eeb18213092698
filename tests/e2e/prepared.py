"""A stack that is past its first run, and devices on it: what tests of faults and restores begin with."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psutil
from seatkeep_bench.browser import Browser
from seatkeep_bench.console import PolicyPage
from seatkeep_bench.device import SimulatedDevice
from seatkeep_bench.fleet import Fleet, FleetPlan, fleet_of
from seatkeep_bench.provision import OWNER, Facts, set_up
from seatkeep_launcher.demo.device import device_processes, device_run, device_stop
from seatkeep_license.localhost import install_localhost_names

from .conftest import Stack

install_localhost_names()
T = TypeVar("T")


@dataclass
class Prepared:
    """A stack with one customer, and its owner signed in to both sites.

    Attributes:
        stack: What runs.
        browser: The owner's session.
        facts: Key, license key, password, policy.
    """

    stack: Stack
    browser: Browser
    facts: Facts

    @property
    def console_for_devices(self) -> str:
        """Address of the manager for devices."""
        return f"https://console.localhost:{self.stack.https_port}"

    @property
    def licensing_for_devices(self) -> str:
        """Address of the hub for devices."""
        return f"https://licensing.localhost:{self.stack.https_port}"

    @property
    def ca_file(self) -> Path:
        """The stack's own CA."""
        return self.stack.data / "ca" / "root.crt"

    def sign_in(self) -> None:
        """Sign in at the console anew: after a restore the sessions are older than the browser's."""
        self.browser.close()
        self.browser = Browser()
        self.browser.sign_in(f"{self.stack.console}/", email=OWNER, password=self.facts.password)

    def policy_change(self, path: str) -> None:
        """Make `path` the only exclusion of the customer's policy, through its page."""
        asyncio.run(PolicyPage(self.browser, self.facts.policy_url).change(path))

    def kit_download(self, folder: Path) -> Path:
        """The recovery kit, as the owner downloads it."""
        page = self.browser.open(f"{self.stack.licensing}/welcome/kit/")
        form = next(form for form in page.forms if "download" in form.action)
        kit = folder / "kit.zip"
        kit.write_bytes(self.browser.submit(form).answer.content)
        return kit

    def wipe_and_restore(self, backup: Path, kit: Path) -> float:
        """Lose the whole data folder and come back from a backup; returns `time.monotonic()` of the restore's end."""
        self.stack.down()
        shutil.rmtree(self.stack.data)
        self.stack.data.mkdir(mode=0o755)
        self.stack.seatkeep("restore", str(backup), "--recovery-kit", str(kit))
        restored_at = time.monotonic()
        self.stack.up()
        self.sign_in()
        return restored_at

    def rows(self, path: str) -> list[dict[str, str]]:
        """What a table of the console shows, by its own export."""
        separator = "&" if "?" in path else "?"
        page = self.browser.open(f"{self.stack.console}{path}{separator}export=csv")
        return list(csv.DictReader(io.StringIO(page.text.lstrip("\ufeff"))))

    def plan(self, folder: Path, devices: int, **more: Any) -> FleetPlan:
        """A fleet of this customer that reports every two seconds."""
        given = {"heartbeat_seconds": 2.0, "ramp_per_second": 20.0, "seed": folder.name, **more}
        return FleetPlan(
            console_url=self.console_for_devices, key=self.facts.key, folder=folder, devices=devices,
            ca_file=self.ca_file, **given,
        )  # fmt: skip


def prepare(stack: Stack, daily_cap: int | None = None) -> Prepared:
    """Take a stack that runs for the first time through its pages.

    Args:
        stack: Runs, and nobody has opened its set-up link.
        daily_cap: How many computers the deployment key lets in a day; None for what the console proposes.
    """
    browser = Browser()
    facts = set_up(
        browser, setup_link=stack.setup_link, licensing=stack.licensing, console=stack.console, daily_cap=daily_cap
    )
    return Prepared(stack, browser, facts)


class Simulation:
    """A fleet that lives on a thread of its own, so that a test can do other things."""

    def __init__(self, plan: FleetPlan) -> None:
        self._plan = plan
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._closing = asyncio.Event()
        self._ready = threading.Event()
        self.fleet: Fleet
        self._life: Any = None

    @property
    def devices(self) -> list[SimulatedDevice]:
        """Those that were started."""
        return self.fleet.devices

    def open(self) -> None:
        """Begin; no device is started yet."""
        self._thread.start()
        self._life = asyncio.run_coroutine_threadsafe(self._live(), self._loop)
        if not self._ready.wait(30):
            raise TimeoutError("the simulation does not begin")

    def close(self) -> None:
        """Hang up all devices."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self._life.result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def start(self, count: int) -> None:
        """Start devices and let them send heartbeats."""
        self.run(self.fleet.start(count), 60 + count)
        self._loop.call_soon_threadsafe(self.fleet.live)

    def enrolled_only(self, number: int) -> SimulatedDevice:
        """Let a device join and do nothing else; it starts, when its turn comes, as the device that it is."""

        async def join() -> SimulatedDevice:
            device = self.fleet.make(number)
            await device.join()
            return device

        return self.run(join())

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 30) -> T:
        """Do something on the fleet's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Do something on the fleet's loop in the background."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _live(self) -> None:
        async with fleet_of(self._plan) as self.fleet:
            self._ready.set()
            await self._closing.wait()


@contextmanager
def simulation(plan: FleetPlan) -> Iterator[Simulation]:
    """A fleet for as long as the block runs."""
    one = Simulation(plan)
    one.open()
    try:
        yield one
    finally:
        one.close()


@dataclass(frozen=True)
class RealDevice:
    """Agent and endpoint of the bundle below a folder, installed by the console's own command."""

    root: Path

    def install(self, prepared: Prepared) -> subprocess.CompletedProcess[str]:
        """Run the installer; returns what it said."""
        self.root.mkdir(parents=True, exist_ok=True)
        command = f"curl -fsS {prepared.stack.console}/install/linux.sh | sh"
        machine = {"SEATKEEP_MACHINE_ID": os.urandom(16).hex()}
        return device_run(self.root, ["sh", "-c", command], SEATKEEP_KEY=prepared.facts.key, **machine)

    def settings(self) -> dict[str, Any]:
        """The settings that its endpoint obeys."""
        return self._fact("endpoint", "policy_settings")

    def device(self) -> str:
        """Who it is to the console: the device id that its agent holds."""
        return str(self._fact("agent", "identity")["device"])

    def lease(self) -> dict[str, Any]:
        """What its endpoint's lease claims; the signature is for others to check."""
        payload = str(self._fact("endpoint", "seat")["token"]).split(".")[1]
        return dict(msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))

    def _fact(self, program: str, name: str) -> dict[str, Any]:
        with closing(sqlite3.connect(f"file:{self.root}/var/{program}.db?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT value FROM fact WHERE name = ?", [name]).fetchall()
        return dict(msgspec.msgpack.decode(rows[0][0])) if rows else {}

    def processes(self, word: str) -> list[psutil.Process]:
        """Its agent's processes with this word on their command line."""
        ours = [one for one in device_processes(self.root) if "seatkeep-agent" in one.exe()]
        return [one for one in ours if word in one.cmdline()]

    def stop(self) -> None:
        """End its processes."""
        device_stop(self.root)
