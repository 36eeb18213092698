"""The demo's own device: agent and endpoint below a folder, started and stopped with the demo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

INSTALL_SECONDS = 120


def device_run(root: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command for the device below `root`; what it says is kept."""
    return subprocess.run(
        command, env={"PATH": os.environ["PATH"], "HOME": str(root.parent), "SEATKEEP_ROOT": str(root), **environment},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS,
    )  # fmt: skip


def device_agent(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the device's own `seatkeep-agent`."""
    return device_run(root, [str(root / "bin/seatkeep-agent"), *arguments, "--root", str(root)])


def is_installed(root: Path) -> bool:
    """Whether an earlier run installed the agent."""
    return (root / "bin/seatkeep-agent").exists()
