"""`python -m seatkeep_msi configure | check | leave | purge | undo`: Windows Installer runs these."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms import platform
from seatkeep_agent.platforms.base import Platform
from seatkeep_license.localhost import install_localhost_names

from seatkeep_msi.errors import StepError
from seatkeep_msi.machine import InstallerMachine, Program
from seatkeep_msi.settings import NAMES, settings_read
from seatkeep_msi.steps import check, configure, is_ours, leave, purge, undo


def main(arguments: list[str] | None = None) -> int:
    """Run one step; 0, or 1 after telling the event log why Windows Installer has to stop."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    install_localhost_names()
    machine = this_machine()
    try:
        machine.event(step(options, platform(), machine), is_error=False)
    except (StepError, OSError) as error:
        machine.event(f"Seatkeep was not changed: {error}", is_error=True)
        if sys.stderr is not None:  # None under Windows Installer.
            sys.stderr.write(f"seatkeep: {error}\n")
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line that the package has (seatkeep_packaging/actions.py)."""
    made = argparse.ArgumentParser(prog="seatkeep-msi", description=__doc__, allow_abbrev=False)
    commands = made.add_subparsers(dest="command", required=True)
    for name in ("configure", "check", "leave", "purge", "undo"):
        command = commands.add_parser(name, allow_abbrev=False)
        command.add_argument("--root", type=Path, required=True)
        if name in ("check", "leave"):
            command.add_argument("--uninstallcode", default="")
        if name in ("leave", "purge"):
            command.add_argument("--keepdata", default="", help="anything: the device will come back")
        if name == "configure":
            command.add_argument("--edition", choices=("agent", "endpoint"), required=True)
            command.add_argument("--version", required=True)
            command.add_argument("--package", default="")
            for setting in NAMES:
                command.add_argument(f"--{setting}", default="")
    return made


def step(options: argparse.Namespace, on: Platform, machine: InstallerMachine) -> str:
    """Run a step; returns what to tell the event log.

    Raises:
        StepError: It cannot be done.
    """
    layout, here = Layout(options.root), Path(sys.prefix)
    if options.command == "configure":
        package = Path(options.package) if options.package else None
        settings = settings_read(vars(options), package)
        configure(layout, machine, settings, Program(here, options.version, options.edition))
        return "Seatkeep is set up; its service starts now."
    if options.command == "check":
        if is_ours(machine, here):
            check(layout, options.uninstallcode)
        return "A version of Seatkeep is about to be removed."
    if options.command == "leave":
        if not is_ours(machine, here):
            return "Another version of Seatkeep serves this computer; this one only leaves the disk."
        is_released = leave(layout, on, machine, options.uninstallcode, is_coming_back=bool(options.keepdata))
        return "The seat was given back." if is_released else "The seat was not given back: licensing did not answer."
    if options.command == "undo":
        undo(layout, machine, here)
        return "The installation of Seatkeep failed and was undone."
    purge(layout, machine, here, keeps_data=bool(options.keepdata))
    return "This version of Seatkeep was taken off the computer."


def this_machine() -> InstallerMachine:
    """The machine below us.

    Raises:
        StepError: It is not Windows.
    """
    if sys.platform == "win32":
        from seatkeep_msi.windows import WindowsInstallerMachine

        return WindowsInstallerMachine()
    raise StepError("Windows Installer is on Windows only")


if __name__ == "__main__":
    sys.exit(main())
