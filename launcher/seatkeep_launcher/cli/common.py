"""What the commands share: the options that choose an installation, and how errors are shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seatkeep_launcher.backup import BackupError
from seatkeep_launcher.broker import BrokerError
from seatkeep_launcher.databases import DatabaseError
from seatkeep_launcher.home import Home
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.postgres import PostgresError
from seatkeep_launcher.service import ServiceError
from seatkeep_launcher.settings import SettingsError, settings_load
from seatkeep_launcher.supervisor import SupervisorError
from seatkeep_launcher.up import UpError

console = Console(highlight=False)
problems = Console(stderr=True, highlight=False)

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder that holds everything (SEATKEEP_DATA).")]
DatabaseUrlOption = Annotated[str | None, typer.Option("--database-url", help="A PostgreSQL server of your own.")]

WRONG_SETTINGS = 2
EXPECTED = (
    UpError, SupervisorError, DatabaseError, PostgresError, BrokerError, BackupError, ServiceError, OSError,
)  # fmt: skip


def load(**options: str | None) -> Installation:
    """Settings and folder by environment and options; wrong ones end the command with exit code 2."""
    try:
        settings = settings_load(options, os.environ)
    except SettingsError as error:
        for name, reason in error.problems:
            problems.print(f"[bold red]{name}[/] {reason}")
        raise typer.Exit(WRONG_SETTINGS) from error
    return Installation(settings, Home(settings.data))


def installation_of(data: Path | None) -> Installation:
    """The installation in a folder, or in the default one."""
    return load(SEATKEEP_DATA=str(data) if data else None)


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show an expected error as one message and end with exit code 1."""
    try:
        yield
    except EXPECTED as error:
        problems.print(f"[bold red]{error}[/]" if str(error).count("\n") == 0 else str(error), markup=True)
        raise typer.Exit(1) from error
