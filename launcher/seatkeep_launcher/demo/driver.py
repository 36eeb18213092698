"""`seatkeep demo` from start to end: start the stack, do the steps, show the table, stay up."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from seatkeep_license.localhost import install_localhost_names

from seatkeep_launcher.demo import console_steps, ending_steps, hub_steps
from seatkeep_launcher.demo.device import device_stop, is_installed
from seatkeep_launcher.demo.mail_sink import MailSink
from seatkeep_launcher.demo.scene import TECHNICIAN, Scene
from seatkeep_launcher.demo.steps import Steps
from seatkeep_launcher.up import Stack

Step = tuple[str, Callable[[Scene], str]]

STEPS: tuple[Step, ...] = (
    ("First run in the wizard", hub_steps.first_run),
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
    ("Restored from the console", partial(console_steps.quarantine_act, act="restore")),
    ("Second find deleted", ending_steps.find_and_delete),
    ("Policy obeyed", console_steps.policy_obeyed),
    ("Seat in Licensing", ending_steps.seat_listed),
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
        sink = MailSink(self.folder / "mail", self.mail_port)
        sink.start()
        steps = Steps(self.folder / "demo.json", self.console)
        scene = Scene(self.stack.installation, self.folder, self.console, steps, sink)
        try:
            steps.repeat("Services started", lambda: _start(self.stack))
            self._do(scene)
        finally:
            scene.close()
            self._sink = sink
        self._end(scene, time.monotonic() - begun)

    def stop(self) -> None:
        """Stop the device and the stack."""
        device_stop(self.folder / "device")
        self._sink.stop()

    def _do(self, scene: Scene) -> None:
        steps = scene.steps
        steps.run(STEPS[0][0], partial(STEPS[0][1], scene))
        steps.repeat("Owner signs in", partial(hub_steps.owner_signs_in, scene))
        for name, work in STEPS[1:]:
            steps.run(name, partial(work, scene))
        steps.repeat("Technician signs in", partial(console_steps.technician_signs_in, scene))
        if is_installed(scene.device_root):
            steps.repeat("Computer started again", partial(ending_steps.device_started, scene))
        for name, work in CONSOLE_STEPS:
            steps.run(name, partial(work, scene))

    def _end(self, scene: Scene, seconds: float) -> None:
        show = self.console.print
        show()
        show(scene.steps.table())
        show(f"\n[bold green]The whole chain works[/] [dim]({seconds:.0f} s)[/]\n")
        show(f"  Console    {scene.manager}")
        show(f"  Licensing  {scene.licensing}")
        show(f"  Sign in    {TECHNICIAN}   password {scene.password(TECHNICIAN)}", markup=False)
        show(f"  Mail       {self.folder / 'mail'}", markup=False)
        show("\nThree customers, one problem to fix. [dim]Ctrl-C stops the demo, its data stays.[/]")
        show("next: [bold]seatkeep up[/]")


def _start(stack: Stack) -> str:
    stack.start()
    return f"{len(stack.supervisor.reports())} processes"


def demo_remove(folder: Path, postgres_elsewhere: Path | None) -> None:
    """Remove everything that a demo made."""
    device_stop(folder / "device")
    for path in (folder, postgres_elsewhere):
        if path is not None and path.exists():
            shutil.rmtree(path)
