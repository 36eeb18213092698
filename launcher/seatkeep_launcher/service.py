"""systemd units: Seatkeep starts with the machine, and a timer makes a backup a day."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from seatkeep_launcher.files import write_whole

SYSTEM_FOLDER = Path("/etc/systemd/system")


class ServiceError(Exception):
    """The units could not be installed."""


@dataclass(frozen=True)
class Units:
    """What the units say.

    Attributes:
        data: The data folder; its `settings.env` is read.
        user: Runs everything; None = root, which hands PostgreSQL to an unprivileged user.
    """

    data: Path
    user: str | None = None

    def files(self) -> dict[str, str]:
        """Name → content."""
        return {
            "seatkeep.service": self._service(),
            "seatkeep-backup.service": self._backup(),
            "seatkeep-backup.timer": _TIMER,
        }

    def _service(self) -> str:
        user = f"User={self.user}\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" if self.user else ""
        return f"""[Unit]
Description=Seatkeep: licensing and endpoint management
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
NotifyAccess=main
{user}ExecStart={sys.executable} -m seatkeep_launcher up --data {self.data}
TimeoutStartSec=300
TimeoutStopSec=60
KillMode=mixed
Restart=on-failure
RestartSec=5
LimitNOFILE=262144
PrivateTmp=yes
ProtectSystem=full
ProtectHome=read-only
ReadWritePaths=-{self.data}

[Install]
WantedBy=multi-user.target
"""

    def _backup(self) -> str:
        user = f"User={self.user}\n" if self.user else ""
        return f"""[Unit]
Description=Seatkeep: backup
After=seatkeep.service
Requisite=seatkeep.service

[Service]
Type=oneshot
{user}ExecStart={sys.executable} -m seatkeep_launcher backup --data {self.data} --keep 14
"""


_TIMER = """[Unit]
Description=Seatkeep: a backup a day

[Timer]
OnCalendar=*-*-* 02:30:00
RandomizedDelaySec=30min
Persistent=yes

[Install]
WantedBy=timers.target
"""

_ENABLE = (["daemon-reload"], ["enable", "--now", "seatkeep.service", "seatkeep-backup.timer"])


def service_install(units: Units, folder: Path = SYSTEM_FOLDER) -> list[Path]:
    """Write the units; returns their paths. Idempotent.

    Raises:
        ServiceError: The folder cannot be written to.
    """
    try:
        for name, content in units.files().items():
            write_whole(folder / name, content)
    except OSError as error:
        raise ServiceError(f"{folder} cannot be written to (run as root): {error}") from error
    return [folder / name for name in units.files()]


def is_systemd_running() -> bool:
    """Whether systemd is this machine's first process (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def enable_commands() -> str:
    """What `service_enable` does, as a line for a shell."""
    return " && ".join(" ".join(["systemctl", *arguments]) for arguments in _ENABLE)


def service_enable() -> None:
    """Tell systemd about the units, start them now and at every boot.

    Raises:
        ServiceError: systemctl fails.
    """
    for arguments in _ENABLE:
        done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ServiceError(f"systemctl {arguments[0]} failed: {done.stderr.strip()}")
