"""doctor, backup, restore, service install, rotate-keys."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from seatkeep_launcher.backup import backup_create, backup_mark, backup_name
from seatkeep_launcher.cli.common import (
    DatabaseUrlOption,
    DataOption,
    console,
    installation_of,
    load,
    problems,
    shown_errors,
)
from seatkeep_launcher.databases import PROGRAMS
from seatkeep_launcher.doctor import Finding, Verdict, examine
from seatkeep_launcher.home import Home
from seatkeep_launcher.restore import backup_restore, kit_read
from seatkeep_launcher.sealing import Opener, Passphrase
from seatkeep_launcher.service import Units, enable_commands, is_systemd_running, service_enable, service_install
from seatkeep_launcher.up import only_one

MARKS = {Verdict.GOOD: "[green]good[/]", Verdict.WARNING: "[yellow]look[/]", Verdict.BAD: "[bold red]bad[/]"}
PASSPHRASE = "SEATKEEP_BACKUP_PASSPHRASE"  # noqa: S105  # The name of a variable, not a secret.

PassphraseOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help=f"A file with the passphrase (or {PASSPHRASE}).")
]

service_app = typer.Typer(help="Start Seatkeep with the machine.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(backup)
    app.command()(restore)
    app.command("rotate-keys")(rotate_keys)
    service_app.command("install")(install)
    service_app.callback()(lambda: None)
    app.add_typer(service_app, name="service")


def doctor(data: DataOption = None) -> None:
    """Check this machine and this installation; each finding says how to mend it. Exit code 1 when one is bad."""
    findings = examine(installation_of(data), now=datetime.now(UTC))
    console.print(_findings_table(findings))
    if any(finding.mend for finding in findings):
        console.print("\n[bold]How to mend it[/]")
        _show_mending(findings)
    if any(finding.verdict is Verdict.BAD for finding in findings):
        raise typer.Exit(1)


def _findings_table(findings: list[Finding]) -> Table:
    table = Table("Check", "", "Found", box=None, header_style="bold")
    for one in findings:
        table.add_row(one.about, MARKS[one.verdict], one.what)
    return table


def _show_mending(findings: list[Finding]) -> None:
    """One line each, never cut, because it may be a command to copy."""
    for one in findings:
        if one.mend:
            console.print(f"[bold]{one.about}[/]: {escape(one.mend)}", soft_wrap=True)


def backup(
    target: Annotated[Path | None, typer.Argument(help="File or folder; default: backups/ in the data folder.")] = None,
    data: DataOption = None,
    passphrase_file: PassphraseOption = None,
    keep: Annotated[int, typer.Option(help="Keep so many in the folder, remove older ones; 0 = all.", min=0)] = 0,
) -> None:
    """Write both databases at one point, the settings and the sealed keys into one file."""
    installation, now = installation_of(data), datetime.now(UTC)
    file = target or installation.home.backups
    if file.is_dir() or target is None:
        file = file / backup_name(now)
    passphrase = _passphrase(passphrase_file)
    with shown_errors():
        backup_create(installation, file.absolute(), openers=[passphrase] if passphrase else [], now=now)
        backup_mark(installation.home)
        _remove_old(file.parent, keep)
    console.print(f"[green]backup made[/] {file} [dim]({file.stat().st_size / 2**20:.1f} MiB)[/]")
    console.print("[dim]It opens with the recovery kit[/]" + ("[dim] or the passphrase[/]" if passphrase else ""))


def _remove_old(folder: Path, keep: int) -> None:
    for old in sorted(folder.glob("seatkeep-*.backup"))[:-keep] if keep else []:
        old.unlink()


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", exists=True, dir_okay=False)],
    data: DataOption = None,
    recovery_kit: Annotated[Path | None, typer.Option(help="The kit that the owner downloaded.", exists=True)] = None,
    passphrase_file: PassphraseOption = None,
    database_url: DatabaseUrlOption = None,
) -> None:
    """Fill an empty data folder from a backup; then run `seatkeep up`."""
    installation = load(SEATKEEP_DATA=str(data) if data else None, SEATKEEP_DATABASE_URL=database_url)
    with shown_errors(), only_one(installation.home.run):
        opener = _opener(installation.home, recovery_kit, passphrase_file)
        backup_restore(installation, file, opener, progress=lambda text: console.print(f"[dim]· {text}[/]"))
    where = f" --data {data}" if data else ""
    console.print(
        f"[green]restored[/] into {installation.home.data}. Next: [bold]seatkeep up{where}[/]", soft_wrap=True
    )


def _opener(home: Home, kit: Path | None, passphrase_file: Path | None) -> Opener:
    passphrase = _passphrase(passphrase_file)
    if kit is not None:
        return kit_read(kit)
    if passphrase is not None:
        return passphrase
    problems.print("[bold red]the keys in a backup are sealed[/]: give --recovery-kit or --passphrase-file")
    raise typer.Exit(2)


def _passphrase(file: Path | None) -> Passphrase | None:
    text = file.read_text().strip() if file else os.environ.get(PASSPHRASE, "")
    return Passphrase(text) if text else None


def install(
    data: DataOption = None,
    user: Annotated[str | None, typer.Option(help="Run as this user instead of root.")] = None,
    folder: Annotated[Path, typer.Option(help="Where systemd looks for units.")] = Path("/etc/systemd/system"),
) -> None:
    """Install systemd units: Seatkeep at every boot, and a backup a day."""
    with shown_errors():
        paths = service_install(Units(installation_of(data).home.data, user), folder)
        for path in paths:
            console.print(f"[green]written[/] {path}")
        if is_systemd_running():
            service_enable()
            console.print("[green]started[/], and at every boot from now on")
        else:
            console.print(f"systemd does not run here; when it does: [bold]{enable_commands()}[/]", soft_wrap=True)


def rotate_keys(data: DataOption = None) -> None:
    """Make new encryption keys and re-encrypt what the old ones wrote. Restart Seatkeep afterwards."""
    installation = installation_of(data)
    for program in PROGRAMS:
        done = subprocess.run(
            [sys.executable, "-m", f"seatkeep_{program}", "rotate_keys"],
            env=installation.environment(program), cwd="/", stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            problems.print(f"[bold red]{program}: rotate_keys failed[/]")
            raise typer.Exit(1)
    console.print("[green]keys rotated[/]. Restart Seatkeep, and download a new recovery kit.")
