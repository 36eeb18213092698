"""The agent as a background process: where no service manager is, or none is wanted."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any, ClassVar

from seatkeep_machine.base import Machine

from seatkeep_agent.errors import LocalFailureError

START_SECONDS = 60.0
"""A busy machine takes its time to load a program; one that ends at once is not waited for."""
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.05


class BackgroundProcesses(Machine):
    """Starts and ends supervised processes."""

    apart: ClassVar[dict[str, Any]] = {"start_new_session": True}
    """Options of `Popen` that keep a process when its starter's session ends."""

    def start_background(self, root: Path, command: list[str], log_file: Path) -> None:
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=root, **self.apart
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalFailureError(f"the agent ended at once (code {process.returncode}); see {log_file}")
            if self.holder(root / "run" / "agent.pid"):
                return
            time.sleep(LOOK_SECONDS)
        raise LocalFailureError(f"the agent did not start within {START_SECONDS:.0f} s; see {log_file}")

    def service_log(self, root: Path) -> bytes:
        """Nobody keeps it but the log file."""
        return b""

    def stop_background(self, pid_file: Path) -> bool:
        pid = self.holder(pid_file)
        if pid is None:
            return False
        self.ask_to_end(pid)
        deadline = time.monotonic() + STOP_SECONDS
        while self.holder(pid_file) == pid:
            if time.monotonic() > deadline:
                self.kill(pid)
                break
            time.sleep(LOOK_SECONDS)
        return True
