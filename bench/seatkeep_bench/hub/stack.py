"""A hub of the bench's own: set up as a distributor's, with nothing else at work."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from seatkeep_bench.errors import BenchError
from seatkeep_bench.provision import stack_reports, started_stack

OWNER = "owner@bench.example"
COMMAND_SECONDS = 300
_AT_REST = ("hub-worker", "manager-")
"""Their periodic work would be measured as well: the hour's usage counts everything once more."""


@dataclass(frozen=True)
class HubStack:
    """A running hub.

    Attributes:
        environment: Settings of its processes.
        password: The owner's.
    """

    environment: dict[str, str]
    password: str

    @property
    def database(self) -> str:
        """URL of its database."""
        return self.environment["SEATKEEP_HUB_DATABASE_URL"]

    @property
    def licensing_url(self) -> str:
        """Its address for people."""
        return self.environment["SEATKEEP_LICENSING_URL"]

    @property
    def device_url(self) -> str:
        """Its address for devices: what they sign."""
        return self.environment["SEATKEEP_LICENSING_DEVICE_URL"]

    @property
    def fast_url(self) -> str:
        """The fast path inside the machine."""
        return self.environment["SEATKEEP_BENCH_FAST_URL"]

    @property
    def web_url(self) -> str:
        """Pages and API inside the machine."""
        return self.environment["SEATKEEP_BENCH_WEB_URL"]

    def command(self, *words: str, **more: str) -> str:
        """Run one of the hub's commands; returns what it printed.

        Raises:
            BenchError: It failed; with the end of what it said.
        """
        done = subprocess.run(
            [sys.executable, "-m", "seatkeep_hub", *words],
            env={**os.environ, **self.environment, **more},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"{words[0]}: {(done.stderr or done.stdout).strip().splitlines()[-1][:300]}")
        return done.stdout

    @contextmanager
    def fast_workers(self, workers: int) -> Iterator[str]:
        """Run a fast path of its own with so many workers beside the stack's; gives its address."""
        port = _free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port),
             "--workers", str(workers), "--loop", "uvloop", "--no-ws", "--log-level", "warning",
             "seatkeep_hub.fast.app:app"],
            env={**os.environ, **self.environment},
        )  # fmt: skip
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def hub_stack(folder: Path, tell: Callable[[str], None]) -> Iterator[HubStack]:
    """Start an empty stack, set its hub up for a distributor, and let only the hub's servers work.

    Raises:
        BenchError: It does not start, or cannot be set up.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with started_stack(folder, tell, ["hub-web"]) as environment:
        stack = HubStack(environment, secrets.token_urlsafe(18))
        words = ("--email", OWNER, "--company", "Bench Distribution", "--mode", "distributor")
        stack.command("setup", *words, SEATKEEP_SETUP_PASSWORD=stack.password)
        with _at_rest(folder / "data"):
            yield stack


@contextmanager
def _at_rest(data: Path) -> Iterator[None]:
    """Stop the programs that nothing here measures, and let them go on for a clean end."""
    pids = [one["pid"] for one in stack_reports(data) if one["name"].startswith(_AT_REST)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise BenchError("The fast path did not start within 60 s.")
