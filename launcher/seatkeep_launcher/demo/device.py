"""The demo's own device: agent and endpoint below a folder, started and stopped with the demo."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

INSTALL_SECONDS = 180
STOP_SECONDS = 20


def device_run(root: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command for the device below `root`; what it says is kept."""
    return subprocess.run(
        command, env=_environment(root) | environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS,
    )  # fmt: skip


def device_start(root: Path) -> None:
    """Start the agent of an earlier run in the background; its own supervisor keeps it alive."""
    with (root / "var" / "agent.log").open("ab") as log:
        subprocess.Popen(
            [str(agent_program(root)), "supervise", "--root", str(root)],
            env=_environment(root), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=root,
            start_new_session=True,
        )  # fmt: skip


def device_stop(root: Path) -> None:
    """Ask agent and endpoint to end, and wait; what does not end is killed. Nothing to stop is fine."""
    running = device_processes(root)
    supervisors = [process for process in running if "supervise" in _words(process)]
    for process in supervisors or running:
        _signal(process, signal.SIGTERM)
    psutil.wait_procs(running, timeout=STOP_SECONDS)
    while alive := device_processes(root):  # Looked up again, because a supervisor may have started another one.
        for process in sorted(alive, key=lambda one: "supervise" not in _words(one)):
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=1)


def _signal(process: psutil.Process, which: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(which)


def _words(process: psutil.Process) -> list[str]:
    try:
        words: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return words


def device_processes(root: Path) -> list[psutil.Process]:
    """Processes that run a program of this device."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.exe().startswith(f"{root}/bin/"):
                found.append(process)
        except psutil.Error:
            continue
    return found


def agent_program(root: Path) -> Path:
    """The installed agent."""
    return root / "bin" / "seatkeep-agent"


def is_installed(root: Path) -> bool:
    """Whether an earlier run installed the agent."""
    return agent_program(root).exists()


def _environment(root: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(root.parent), "SEATKEEP_ROOT": str(root), "SEATKEEP_SERVICE": "none",
    }  # fmt: skip
