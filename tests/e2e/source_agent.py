"""An agent from the sources below a folder, whose clock may go wrong; the installer's one brings its own Python."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil

from .prepared import Prepared

CLOCKS = """
from datetime import timedelta

from seatkeep_agent import clock
from seatkeep_endpoint import service


def wrong(right):
    return lambda: right() + timedelta(seconds={seconds})


clock.utc_now, service.utc_now = wrong(clock.utc_now), wrong(service.utc_now)
"""
"""Python reads it as `sitecustomize` before anything asks for the time."""


@dataclass(frozen=True)
class SourceAgent:
    """One installation.

    Attributes:
        root: SEATKEEP_ROOT.
        wrong_by: How far the clocks of agent and endpoint are ahead.
    """

    root: Path
    wrong_by: timedelta = timedelta()

    def set_up(self, prepared: Prepared) -> str:
        """Join, start and wait for the license; returns the device's id.

        Raises:
            AssertionError: It did not end well; what was said is in it.
        """
        self._clocks.mkdir(parents=True, exist_ok=True)
        (self._clocks / "sitecustomize.py").write_text(CLOCKS.format(seconds=self.wrong_by.total_seconds()))
        done = subprocess.run(
            [*self._program, "setup", "--console", prepared.console_for_devices, "--ca", str(prepared.ca_file),
             "--root", str(self.root), "--wait", "60"],
            env=self._environment | {"SEATKEEP_KEY": prepared.facts.key}, capture_output=True, text=True,
            timeout=120, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        found = re.search(r"device ([0-9a-f-]{36})", done.stdout + done.stderr)
        assert done.returncode == 0, done.stdout + done.stderr
        assert found is not None, done.stdout + done.stderr
        return found[1]

    def settings(self) -> dict[str, Any]:
        """The settings that its endpoint obeys."""
        with closing(sqlite3.connect(f"file:{self.root}/var/endpoint.db?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT value FROM fact WHERE name = 'policy_settings'").fetchall()
        return dict(msgspec.msgpack.decode(rows[0][0])) if rows else {}

    def log(self) -> str:
        """What agent and endpoint wrote so far."""
        return "".join(file.read_text(errors="replace") for file in sorted(self.root.rglob("*.log")))

    def stop(self) -> None:
        """End its processes."""
        ours = [one for one in psutil.process_iter(["cmdline"]) if str(self.root) in (one.info["cmdline"] or [])]
        for process in ours:
            process.kill()
        psutil.wait_procs(ours, timeout=10)

    @property
    def _clocks(self) -> Path:
        return self.root.with_name(f"{self.root.name}-clocks")

    @property
    def _program(self) -> list[str]:
        return [sys.executable, "-m", "seatkeep_agent"]

    @property
    def _environment(self) -> dict[str, str]:
        machine = {"SEATKEEP_MACHINE_ID": os.urandom(16).hex(), "SEATKEEP_SERVICE": "none"}
        return {**os.environ, "PYTHONPATH": str(self._clocks), **machine}
