"""The last steps: delete from quarantine, a backup, the problem that stays."""

from __future__ import annotations

from datetime import UTC, datetime

from seatkeep_launcher.backup import backup_create, backup_name
from seatkeep_launcher.demo.console_steps import problem_stays, quarantine_act, scan_finds
from seatkeep_launcher.demo.device import device_processes, device_start, is_installed
from seatkeep_launcher.demo.scene import Scene


def find_and_delete(scene: Scene) -> str:
    """Another find is deleted for good."""
    scan_finds(scene, "second")
    return quarantine_act(scene, "delete")


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


def computers_started(scene: Scene) -> str:
    """The agents of an earlier run go on where they were."""
    roots = [root for root in scene.roots if is_installed(root)]
    for root in roots:
        if not device_processes(root):
            device_start(root)
    return f"{len(roots)} of them, as they were"
