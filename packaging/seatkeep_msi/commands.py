"""The commands for people, `C:\\Program Files\\Seatkeep\\seatkeep-agent.cmd`: at one place whichever version serves."""

from __future__ import annotations

from pathlib import Path

from seatkeep_machine.files import file_replace

from seatkeep_msi.machine import Program

# What lies in the folder of the version, and what stands above it.
NAMES = ("seatkeep-agent.cmd", "seatkeep-endpoint.cmd")
COMMAND = '@"%~dp0{folder}\\{name}" %*\r\n'


def commands_write(program: Program) -> None:
    """Have the commands above a program's folder lead to that program; each is whole or as it was.

    Raises:
        OSError: The disk is full, or we may not write.
    """
    for name in NAMES:
        above = program.folder.parent / name
        if (program.folder / name).exists():
            file_replace(above, COMMAND.format(folder=program.folder.name, name=name).encode())
        else:
            above.unlink(missing_ok=True)


def commands_remove(folder: Path) -> None:
    """Remove the commands above a program's folder. Idempotent."""
    for name in NAMES:
        (folder.parent / name).unlink(missing_ok=True)
