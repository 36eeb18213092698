"""The last steps: delete from quarantine, the seat in Licensing, a backup, the problem that stays."""

from __future__ import annotations

from datetime import UTC, datetime

from seatkeep_launcher.backup import backup_create, backup_name
from seatkeep_launcher.demo.console_steps import problem_stays, quarantine_act, scan_finds
from seatkeep_launcher.demo.device import device_processes, device_start
from seatkeep_launcher.demo.scene import Scene, rows
from seatkeep_launcher.demo.steps import wait_for


def find_and_delete(scene: Scene) -> str:
    """Another find is deleted for good."""
    scan_finds(scene, "second")
    return quarantine_act(scene, "delete")


def seat_listed(scene: Scene) -> str:
    """Licensing lists the device's seat."""
    address = f"{scene.licensing}/seats/"
    wait_for(lambda: bool(rows(scene.owner, address)), "the seat", seconds=15)
    return ", ".join(value for value in list(rows(scene.owner, address)[0].values())[:4] if value)


def backup_made(scene: Scene) -> str:
    """A backup of the running installation."""
    now = datetime.now(UTC)
    target = scene.installation.home.backups / backup_name(now)
    backup_create(scene.installation, target, openers=[], now=now)
    return f"{target.name}, {target.stat().st_size / 2**20:.1f} MiB, opens with the recovery kit"


def problem_left(scene: Scene) -> str:
    """One more find that nobody has handled yet."""
    scan_finds(scene, "inbox")
    return problem_stays(scene)


def device_started(scene: Scene) -> str:
    """The agent of an earlier run goes on where it was."""
    if not device_processes(scene.device_root):
        device_start(scene.device_root)
    return "the same device"
