"""Services and background processes on Linux."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from seatkeep_machine.linux import LinuxMachine

from seatkeep_agent.errors import LocalFailureError
from seatkeep_agent.platforms.background import BackgroundProcesses

UNIT_FOLDER = Path("/etc/systemd/system")
UNIT = """\
[Unit]
Description=Seatkeep agent ({root})
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart={command}
Restart=always
RestartSec=2
KillMode=mixed
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=multi-user.target
"""


class LinuxService(LinuxMachine, BackgroundProcesses):
    """systemd units and plain background processes."""

    def has_service_manager(self) -> bool:
        return os.geteuid() == 0 and Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None

    def service_install(self, root: Path, program: list[str]) -> None:
        unit = UNIT_FOLDER / unit_name(root)
        command = [*program, "run", "--root", str(root)]
        unit.write_text(UNIT.format(root=root, command=" ".join(escape(part) for part in command)))
        systemctl("daemon-reload")
        systemctl("enable", unit.name)
        systemctl("restart", unit.name)

    def service_remove(self, root: Path) -> None:
        unit = UNIT_FOLDER / unit_name(root)
        if not self.has_service_manager() or not unit.exists():
            return
        systemctl("disable", unit.name)
        unit.unlink(missing_ok=True)
        systemctl("daemon-reload")
        systemctl("--no-block", "stop", unit.name)

    def service_state(self, root: Path) -> str:
        if self.has_service_manager() and (UNIT_FOLDER / unit_name(root)).exists():
            state = subprocess.run(["systemctl", "is-active", unit_name(root)], check=False, capture_output=True)
            return f"service {state.stdout.decode().strip()}"
        pid = self.holder(root / "run" / "agent.pid")
        return f"background process {pid}" if pid else "not running"

    def service_log(self, root: Path) -> bytes:
        if not self.has_service_manager() or not (UNIT_FOLDER / unit_name(root)).exists():
            return b""
        command = ["journalctl", "--no-pager", "-n", "20000", "-u", unit_name(root)]
        return subprocess.run(command, check=False, capture_output=True, timeout=60).stdout

    def service_run(self, root: Path, run: Callable[[], int]) -> int:
        raise LocalFailureError("systemd starts `seatkeep-agent run`")


def unit_name(root: Path) -> str:
    """One unit per root, so that several installations can live on a machine."""
    if root == Path("/opt/seatkeep"):
        return "seatkeep-agent.service"
    return f"seatkeep-agent-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}.service"


def escape(part: str) -> str:
    """A command's word as systemd reads it."""
    quoted = part.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{quoted}"'


def systemctl(*arguments: str) -> None:
    """Run systemctl.

    Raises:
        LocalFailureError: It failed; with its last words.
    """
    done = subprocess.run(["systemctl", *arguments], check=False, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise LocalFailureError(f"systemctl {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
