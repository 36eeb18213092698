"""The steps of the installer, in the words of what they do."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from seatkeep_agent.config import config_load
from seatkeep_agent.errors import AgentError, LocalFailureError
from seatkeep_agent.identity import identity_load
from seatkeep_agent.paths import Layout
from seatkeep_agent.platforms.base import Platform
from seatkeep_agent.preparing import NO_PROXY, prepare
from seatkeep_agent.removal import files_remove, seat_release
from seatkeep_agent.store import Store
from seatkeep_machine import machine as this_machine

from seatkeep_msi.commands import commands_remove, commands_write
from seatkeep_msi.errors import CodeUnreadableError, StepError
from seatkeep_msi.machine import InstallerMachine, Program
from seatkeep_msi.settings import Settings
from seatkeep_msi.uninstall_code import code_check, code_set
from seatkeep_msi.waiting import WAIT_SECONDS, ended


def configure(layout: Layout, machine: InstallerMachine, settings: Settings, program: Program) -> None:
    """When all files are there, before the service starts: write down what it needs, and make it start this program.

    What is not given stays as it is, so an upgrade and a repair keep all. Each write is whole or not there: a power cut
    in between leaves a device that runs, by the old program until the service points to the new one, and the same
    command again finishes.

    Raises:
        StepError: The console or the key is neither given nor known; or the disk is full, or we may not write.
    """
    bytecode_clear(program.folder)
    try:
        layout.prepare()
        with alone(layout):
            settings_write(layout, settings, has_endpoint=program.edition == "endpoint")
    except LocalFailureError as error:
        raise StepError(f"SERVER and KEY: {error}") from error
    except (AgentError, OSError) as error:
        raise StepError(f"{layout.root}: {getattr(error, 'strerror', None) or error}") from error
    kept = settings.over(machine.settings_kept())
    machine.settings_keep(replace(kept, proxy="") if kept.proxy == NO_PROXY else kept)
    try:
        program_take(layout, machine, program)
    except StepError:
        undo(layout, machine, program.folder)
        raise


def program_take(layout: Layout, machine: InstallerMachine, program: Program) -> None:
    """Make a program the one that serves this machine.

    Raises:
        StepError: Windows refuses, the commands cannot be written, or it does not start.
    """
    serving = machine.program_named()
    if serving is None or serving.folder != program.folder:
        machine.program_follow(serving)
    service_end(layout, machine)
    machine.service_point(program.folder, layout.root)
    machine.program_name(program)
    try:
        commands_write(program)
    except OSError as error:
        raise StepError(f"{program.folder.parent}: {error.strerror or error}") from error
    machine.service_start()


def service_end(layout: Layout, machine: InstallerMachine) -> None:
    """Stop the service and wait until agent and endpoint have let go of everything."""
    machine.service_stop()
    ended(layout.root, WAIT_SECONDS)


def is_ours(machine: InstallerMachine, folder: Path) -> bool:
    """Whether this program serves the machine, or none does; not so for an older one that only lies there still."""
    named = machine.program_named()
    serving = machine.service_folder() or (named.folder if named else None)
    return serving in (None, folder)


def settings_write(layout: Layout, settings: Settings, *, has_endpoint: bool) -> None:
    """Put the settings where the agent finds them.

    Raises:
        LocalFailureError: The console or the key is neither given nor known.
        OSError: The disk is full, or we may not write.
    """
    if settings.uninstallcode:
        code_set(layout.root, settings.uninstallcode)
    prepare(
        layout=layout, console=settings.server, key=settings.key,
        ca=Path(settings.cafile) if settings.cafile else None, has_endpoint=has_endpoint, group=settings.group,
        proxy=settings.proxy,
    )  # fmt: skip


@contextmanager
def alone(layout: Layout) -> Iterator[None]:
    """Be the only installation that writes; Windows Installer sees to that already, others might not.

    Raises:
        StepError: Another one writes now.
    """
    held = this_machine().hold(layout.root / "run" / "install.lock")
    if held is None:
        raise StepError("another installation of Seatkeep runs; try again when it has ended")
    try:
        yield
    finally:
        os.close(held)


def bytecode_clear(program: Path) -> None:
    """Remove what a Python that was started by hand may have written beside the program.

    Every file of a package has the same time, so such a leftover would be taken for that of the next version's file.
    """
    for folder in list(program.rglob("__pycache__")):
        shutil.rmtree(folder, ignore_errors=True)


def check(layout: Layout, code: str) -> None:
    """Before anything begins: refuse a wrong uninstall code, so that there is nothing to undo.

    Runs with the rights of whoever called, who may not be able to read the code; then `leave` decides.

    Raises:
        UninstallCodeError: The code is wrong.
    """
    with suppress(CodeUnreadableError):
        code_check(layout.root, code)


def leave(layout: Layout, platform: Platform, machine: InstallerMachine, code: str, *, is_coming_back: bool) -> bool:
    """Check the uninstall code, give the seat back unless the device comes back, and stop the service for good.

    Returns:
        True when the hub confirmed the seat's return, or there is none to return.

    Raises:
        UninstallCodeError: The code is wrong; nothing was done.
    """
    code_check(layout.root, code)
    config = config_load(layout)
    holds_seat = config is not None and config.has_endpoint and is_device(layout) and not is_coming_back
    is_released = asyncio.run(seat_release(layout, platform)) if holds_seat else True
    service_end(layout, machine)
    return is_released


def undo(layout: Layout, machine: InstallerMachine, folder: Path) -> None:
    """An installation failed: have the program before it serve again.

    A first one leaves nothing, but keeps a device that was here before (KEEPDATA).
    """
    if not is_ours(machine, folder):
        return  # It did not come as far as to serve.
    former = machine.program_named(is_former=True)
    if former is not None:
        program_take(layout, machine, former)
    else:
        purge(layout, machine, folder, keeps_data=is_device(layout))


def is_device(layout: Layout) -> bool:
    """Whether this machine has enrolled."""
    if not layout.database.exists():
        return False
    store = Store(layout.database)
    try:
        return identity_load(store) is not None
    finally:
        store.close()


def purge(layout: Layout, machine: InstallerMachine, folder: Path, *, keeps_data: bool) -> None:
    """Remove the service and, unless they are kept, keys, spool and settings: nothing of this device stays.

    A program that serves nobody any more, because a newer one does, leaves all that alone.
    """
    bytecode_clear(folder)
    if not is_ours(machine, folder):
        return
    service_end(layout, machine)
    machine.service_remove()
    commands_remove(folder)
    if not keeps_data:
        files_remove(layout.root)
        machine.settings_forget()
    machine.program_forget()
