"""A real agent that has joined and has nothing to do: memory and processor time, the endpoint beside it not counted.

Linux only: out of /proc.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

from seatkeep_bench.errors import BenchError
from seatkeep_bench.manager.intake import processor_seconds
from seatkeep_bench.provision import BenchStack
from seatkeep_bench.results import Better, Row, row

SETTLE_SECONDS = 30
JOIN_SECONDS = 60
MEGABYTE = 1024 * 1024
BARE = (
    "import asyncio, ssl\n"
    "async def idle():\n"
    "    while True:\n"
    "        await asyncio.sleep(30)\n"
    "ssl.create_default_context()\n"
    "asyncio.run(idle())\n"
)
"""The floor: a bare interpreter with TLS that wakes up as often as the agent sends heartbeats."""


def idle_agent(bench: BenchStack, folder: Path, *, settle: float, seconds: float) -> list[Row]:
    """Watch an agent that is up and idle; returns the rows `agent_rss` and `agent_idle_cpu`.

    Raises:
        BenchError: It does not join.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "SEATKEEP_ROOT": str(folder), "SEATKEEP_SERVICE": "none",
        "SEATKEEP_KEY": bench.stack.key, "SEATKEEP_MACHINE_ID": "bench-idle-agent",
    }  # fmt: skip
    agent = _program(folder)
    where = ["--root", str(folder)]
    ca = ["--ca", str(bench.stack.ca_file)] if bench.stack.ca_file else []
    prepared = subprocess.run(
        [*agent, "prepare", "--console", bench.stack.console_url, *ca, *where],
        env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if prepared.returncode:
        raise BenchError(f"The agent cannot be prepared: {prepared.stderr.strip()[-300:]}")
    with (folder / "agent.log").open("wb") as log:
        running = subprocess.Popen(
            [*agent, "run", *where], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        bare = subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.DEVNULL)
    try:
        _joined(running, folder)
        time.sleep(settle)
        return _watched(running, bare, seconds)
    finally:
        for process in (running, bare):
            process.terminate()
            process.wait(30)


def _program(folder: Path) -> list[str]:
    """The agent as installers bring it, out of `make bundle`; without a bundle that of the checkout."""
    bundle = Path(sys.prefix).parent / "build" / "bundle" / "agent-linux-x86_64.tar.gz"
    if not bundle.exists():
        return [sys.executable, "-m", "seatkeep_agent"]
    with tarfile.open(bundle) as packed:
        packed.extractall(folder, filter="data")
    return [str(folder / "bin" / "seatkeep-agent")]


def _joined(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the agent has connected and taken its first document.

    Raises:
        BenchError: It ended, or did not join within a minute.
    """
    deadline = time.monotonic() + JOIN_SECONDS
    while b" taken" not in (folder / "agent.log").read_bytes():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BenchError(f"The agent did not join: {(folder / 'agent.log').read_text()[-300:]}")
        time.sleep(0.2)


def _watched(running: subprocess.Popen[bytes], bare: subprocess.Popen[bytes], seconds: float) -> list[Row]:
    used = [processor_seconds(one.pid) for one in (running, bare)]
    time.sleep(seconds)
    if running.poll() is not None:
        raise BenchError("The agent ended.")
    idle, idle_bare = (
        100 * (processor_seconds(one.pid) - before) / seconds for one, before in zip((running, bare), used, strict=True)
    )
    return [
        row(
            "agent_rss", value=resident_bytes(running.pid) / MEGABYTE, unit="MB", better=Better.LOWER, goal=64,
            floor=resident_bytes(bare.pid) / MEGABYTE,
        ),
        row("agent_idle_cpu", value=idle, unit="%", better=Better.LOWER, goal=0.2, floor=idle_bare),
    ]  # fmt: skip


def resident_bytes(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
