"""The steps of the installer, in the words of what they do."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
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

from seatkeep_msi.errors import CodeUnreadableError, StepError
from seatkeep_msi.machine import InstallerMachine
from seatkeep_msi.settings import Settings
from seatkeep_msi.uninstall_code import code_check, code_set


def configure(layout: Layout, machine: InstallerMachine, settings: Settings, *, has_endpoint: bool) -> None:
    """Before the service starts: write down what it needs.

    What is not given stays as it is, so an upgrade and a repair keep all. Each write is whole or not there: a power cut
    in between leaves a device that runs as before, and the same command again finishes.

    Raises:
        StepError: The console or the key is neither given nor known; or the disk is full, or we may not write.
    """
    bytecode_clear(Path(sys.prefix))
    try:
        layout.prepare()
        with alone(layout):
            settings_write(layout, settings, has_endpoint=has_endpoint)
    except LocalFailureError as error:
        raise StepError(f"SERVER and KEY: {error}") from error
    except (AgentError, OSError) as error:
        raise StepError(f"{layout.root}: {getattr(error, 'strerror', None) or error}") from error
    kept = settings.over(machine.settings_kept())
    machine.settings_keep(replace(kept, proxy="") if kept.proxy == NO_PROXY else kept)
    machine.service_harden()


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


def leave(layout: Layout, platform: Platform, code: str, *, is_coming_back: bool) -> bool:
    """Before the service stops for good: check the uninstall code, and give the seat back unless the device comes back.

    Returns:
        True when the hub confirmed the seat's return, or there is none to return.

    Raises:
        UninstallCodeError: The code is wrong; nothing was done.
    """
    code_check(layout.root, code)
    config = config_load(layout)
    if is_coming_back or config is None or not config.has_endpoint:
        return True
    return asyncio.run(seat_release(layout, platform))


def undo(layout: Layout, machine: InstallerMachine) -> None:
    """A first installation failed: leave nothing of it, but keep a device that was here before (KEEPDATA)."""
    if not is_device(layout):
        purge(layout, machine)


def is_device(layout: Layout) -> bool:
    """Whether this machine has enrolled."""
    if not layout.database.exists():
        return False
    store = Store(layout.database)
    try:
        return identity_load(store) is not None
    finally:
        store.close()


def purge(layout: Layout, machine: InstallerMachine) -> None:
    """After the service has gone: remove keys, spool, settings. Nothing of this device stays on the machine."""
    bytecode_clear(Path(sys.prefix))
    files_remove(layout.root)
    machine.settings_forget()
