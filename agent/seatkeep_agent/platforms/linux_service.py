"""Services and background processes on Linux."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from seatkeep_agent.errors import LocalFailureError

UNIT_FOLDER = Path("/etc/systemd/system")
STOP_SECONDS = 15.0
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


class LinuxService:
    """systemd units and plain background processes."""

    def has_service_manager(self) -> bool:
        return os.geteuid() == 0 and Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None

    def service_install(self, root: Path, command: list[str]) -> None:
        unit = UNIT_FOLDER / unit_name(root)
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
        pid = running_pid(root / "run" / "agent.pid")
        return f"background process {pid}" if pid else "not running"

    def start_background(self, root: Path, command: list[str], log_file: Path) -> None:
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=root,
                start_new_session=True,
            )
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalFailureError(f"the agent ended at once (code {process.returncode}); see {log_file}")
            if running_pid(root / "run" / "agent.pid"):
                return
            time.sleep(0.05)
        raise LocalFailureError(f"the agent did not start within {STOP_SECONDS:.0f} s; see {log_file}")

    def stop_background(self, pid_file: Path) -> bool:
        pid = running_pid(pid_file)
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while running_pid(pid_file) == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.05)
        return True

    def lock_pid_file(self, pid_file: Path) -> int | None:
        descriptor = os.open(pid_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        return descriptor


def running_pid(pid_file: Path) -> int | None:
    """The process that holds a pid file's lock; a stale file counts as nobody, whoever has the number now."""
    try:
        with pid_file.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with suppress(ValueError):
                    return int(file.read())
    except OSError:
        return None
    return None


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
