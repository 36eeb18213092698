"""`seatkeep demo` from start to end: start the stack, do the steps, show the table, stay up."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text
from seatkeep_license.localhost import install_localhost_names

from seatkeep_launcher.demo import console_steps, ending_steps, hub_steps, leaving_steps, seat_steps
from seatkeep_launcher.demo.device import device_stop, is_installed
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_launcher.demo.scene import OWNER, TECHNICIAN, Scene
from seatkeep_launcher.demo.steps import Steps
from seatkeep_launcher.up import Stack

Step = tuple[str, Callable[[Scene], str]]

FIRST: Step = ("First run in the wizard", hub_steps.first_run)
HUB_STEPS: tuple[Step, ...] = (
    ("Three customers", hub_steps.customers_create),
    ("License", hub_steps.license_show),
    ("Agreement per customer", hub_steps.agreements_make),
    ("Technician invited by mail", hub_steps.technician_joins),
    ("Security Admin invited by mail", hub_steps.security_admin_joins),
)
CONSOLE_STEPS: tuple[Step, ...] = (
    ("Customers in the console", console_steps.customers_arrive),
    ("Customer set up", console_steps.customer_set_up),
    ("Customer marked as ready", console_steps.customer_ready),
    ("Installer run on a computer", console_steps.device_installed),
    ("Computer in the console", console_steps.device_visible),
    ("Scan finds EICAR", partial(console_steps.scan_finds, name="first")),
    ("Restored from quarantine", partial(console_steps.quarantine_act, act="restore")),
    ("Second find deleted", ending_steps.find_and_delete),
    ("Policy obeyed", console_steps.policy_obeyed),
    ("Seat in Licensing", seat_steps.seat_listed),
    ("Protection stopped", seat_steps.protection_stopped),
    ("Protected again", seat_steps.protection_resumed),
    ("Day's usage", seat_steps.usage_counted),
    ("Another customer's computer", leaving_steps.leaver_computer),
    ("Customer off-boarded", leaving_steps.leaves),
    ("Customer brought back", leaving_steps.returns),
    ("Backup", ending_steps.backup_made),
    ("One problem left to fix", ending_steps.problem_left),
)


@dataclass
class Demo:
    """One demo in one folder.

    Attributes:
        stack: What runs.
        console: Where progress goes.
        mail_port: Where the mail sink listens.
    """

    stack: Stack
    console: Console
    mail_port: int

    def __post_init__(self) -> None:
        self._sink = MailSink(self.folder / "mail", self.mail_port)
        self._keeper = threading.Thread(target=self.stack.run, name="supervisor", daemon=True)

    @property
    def folder(self) -> Path:
        """Holds everything of the demo."""
        return self.stack.installation.home.data

    def run(self) -> None:
        """Start everything and do every step that an earlier run did not do.

        Raises:
            StepError: A step failed.
        """
        install_localhost_names()
        begun = time.monotonic()
        self.console.print(f"[bold]Seatkeep demo[/] [dim]in {self.folder}[/]\n")
        self._sink.start()
        steps = Steps(self.folder / "demo.json", self.console)
        scene = Scene(self.stack.installation, self.folder, self.console, steps, self._sink)
        try:
            steps.repeat("Services started", lambda: _start(self.stack))
            self._keeper.start()
            self._do(scene)
        finally:
            scene.close()
        self._end(scene, time.monotonic() - begun)

    def stay_up(self) -> None:
        """Keep all running until a stop is asked for."""
        self._keeper.join()

    def stop(self) -> None:
        """Stop the computers and the stack."""
        for root in device_roots(self.folder):
            device_stop(root)
        self.stack.supervisor.request_stop()
        if self._keeper.is_alive():
            self._keeper.join()
        self._sink.stop()

    def _do(self, scene: Scene) -> None:
        steps = scene.steps
        steps.run(FIRST[0], partial(FIRST[1], scene))
        steps.repeat("Owner signs in", partial(hub_steps.owner_signs_in, scene))
        for name, work in HUB_STEPS:
            steps.run(name, partial(work, scene))
        steps.repeat("Technician signs in", partial(console_steps.technician_signs_in, scene))
        if any(is_installed(root) for root in scene.roots):
            steps.repeat("Computers started again", partial(ending_steps.computers_started, scene))
        for name, work in CONSOLE_STEPS:
            steps.run(name, partial(work, scene))

    def _end(self, scene: Scene, seconds: float) -> None:
        show = self.console.print
        show()
        show(scene.steps.table())
        show(f"\n[bold green]✓ The whole chain works[/] [dim]{seconds:.0f} s[/]\n")
        show(self._addresses(scene))
        show("\nThree customers, one problem to fix. [dim]Ctrl-C stops the demo; its data stays.[/]")
        where = (
            "" if shutil.which("seatkeep") else f"   [dim](here: {Path(sys.executable).with_name('seatkeep')} up)[/]"
        )
        show(f"next: [bold]seatkeep up[/]{where}", soft_wrap=True)

    def _addresses(self, scene: Scene) -> Table:
        table = Table.grid(padding=(0, 2))
        lines = {
            "Console": scene.manager,
            "Licensing": scene.licensing,
            "Technician": f"{TECHNICIAN}   {scene.password(TECHNICIAN)}",
            "Owner": f"{OWNER}   {scene.password(OWNER)}",
            "Mail": str(self.folder / "mail"),
        }
        for name, value in lines.items():
            table.add_row(Text(f"  {name}", style="dim"), Text(value))
        return table


def _start(stack: Stack) -> str:
    stack.start()
    return f"{len(stack.supervisor.reports())} processes"


def demo_remove(folder: Path, postgres_elsewhere: Path | None) -> None:
    """Remove everything that a demo made."""
    for root in device_roots(folder):
        device_stop(root)
    for path in (folder, postgres_elsewhere):
        if path is not None and path.exists():
            shutil.rmtree(path)


def device_roots(folder: Path) -> list[Path]:
    """Every agent's folder in a demo's folder."""
    return [agent.parent.parent for agent in sorted(folder.glob("device*/bin/seatkeep-agent"))]
