"""up, status, down, logs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.table import Table

from seatkeep_launcher.cli.common import (
    DatabaseUrlOption,
    DataOption,
    console,
    installation_of,
    load,
    problems,
    shown_errors,
)
from seatkeep_launcher.plan import Installation
from seatkeep_launcher.settings import settings_remember
from seatkeep_launcher.setup_link import console_link, setup_link
from seatkeep_launcher.supervisor import Report, read_reports
from seatkeep_launcher.up import Stack, is_up, notify_systemd, only_one, running_pid

COLORS = {"running": "green", "starting": "yellow", "waiting": "red", "unwell": "red", "stopped": "dim"}
STOP_SECONDS = 45
START_SECONDS = 180


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(status)
    app.command()(down)
    app.command()(logs)


def up(
    data: DataOption = None,
    public_url: Annotated[
        str | None, typer.Option(help="https://example.com: serve console.example.com and licensing.example.com.")
    ] = None,
    database_url: DatabaseUrlOption = None,
    nats_url: Annotated[str | None, typer.Option(help="A NATS server of your own.")] = None,
    http_port: Annotated[str | None, typer.Option(help="For people (8080, with a public name 80).")] = None,
    https_port: Annotated[str | None, typer.Option(help="For devices (8443, with a public name 443).")] = None,
    nats_port: Annotated[str | None, typer.Option(help="Native NATS TLS for devices (2222).")] = None,
    internal_port: Annotated[str | None, typer.Option(help="First of ten loopback ports (8300).")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Go to the background once all is well.")] = False,
) -> None:
    """Start everything and keep it running. The first run prints the set-up link; options are kept in settings.env."""
    if detach:
        return _detach(installation_of(data))
    options = {
        "SEATKEEP_DATA": str(data) if data else None,
        "SEATKEEP_PUBLIC_URL": public_url,
        "SEATKEEP_DATABASE_URL": database_url,
        "SEATKEEP_NATS_URL": nats_url,
        "SEATKEEP_HTTP_PORT": http_port,
        "SEATKEEP_HTTPS_PORT": https_port,
        "SEATKEEP_NATS_PORT": nats_port,
        "SEATKEEP_INTERNAL_PORT": internal_port,
    }
    installation = load(**options)
    with shown_errors(), only_one(installation.home.run):
        _run(Stack(installation, progress=lambda text: console.print(f"[dim]· {text}[/]")), options)
    return None


def _run(stack: Stack, options: Mapping[str, str | None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stack.supervisor.request_stop)
    begun = time.monotonic()
    try:
        stack.start()
        if not stack.supervisor.is_stopping:
            settings_remember(stack.installation.home.data, options)
            _welcome(stack.installation, time.monotonic() - begun)
            notify_systemd("READY=1")
        stack.run()
    finally:
        notify_systemd("STOPPING=1")
        console.print("[dim]· stopping[/]")
        stack.stop()


def _welcome(installation: Installation, seconds: float) -> None:
    addresses = installation.settings.addresses
    console.print(f"\n[bold green]Seatkeep is up[/] [dim]({seconds:.1f} s, data in {installation.home.data})[/]")
    console.print(f"  Console    {addresses.console_url}")
    console.print(f"  Licensing  {addresses.licensing_url}")
    _next_link(installation)
    console.print("\n[dim]Ctrl-C stops everything.[/]")


def _next_link(installation: Installation) -> None:
    """Print what a person has to open next: the first run, then the link of a console that does not link itself."""
    if link := setup_link(installation):
        console.print("\n[bold]First run: open this link once to make the owner's account[/]")
        console.print(f"  {link}", soft_wrap=True)
    elif link := console_link(installation):
        console.print("\n[bold]The console is not linked yet: open this link to connect it to Licensing[/]")
        console.print(f"  {link}", soft_wrap=True)


def _detach(installation: Installation) -> None:
    home = installation.home
    home.make()
    arguments = [argument for argument in sys.argv[1:] if argument != "--detach"]
    log = home.logs / "seatkeep.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "seatkeep_launcher", *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, cwd="/",
        )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        if "Ctrl-C stops everything" in log.read_text(errors="replace"):
            console.print(
                log.read_text(errors="replace").replace("Ctrl-C stops", "`seatkeep down` stops"), markup=False
            )
            return
        time.sleep(0.2)
    problems.print(log.read_text(errors="replace"), markup=False)
    raise typer.Exit(1)


def status(data: DataOption = None) -> None:
    """Show every process, and the one-time link while one is open.

    Exit code 3 when Seatkeep does not run, 1 when a process is not well.
    """
    installation = installation_of(data)
    if not is_up(installation.home.run):
        console.print(f"Seatkeep does not run [dim](data in {installation.home.data})[/]")
        raise typer.Exit(3)
    reports = read_reports(installation.home.run / "state.json")
    console.print(_status_table(reports, datetime.now(UTC)))
    _next_link(installation)
    if any(report.state != "running" for report in reports):
        raise typer.Exit(1)


def _status_table(reports: list[Report], now: datetime) -> Table:
    table = Table("Process", "State", "Pid", "Since", "Restarts", "Memory", box=None, header_style="bold")
    for report in reports:
        table.add_row(
            report.name,
            f"[{COLORS.get(report.state, 'white')}]{report.state}[/]",
            str(report.pid or "–"),
            _duration(now.timestamp() - report.since_us / 1_000_000),
            str(report.restarts),
            _memory(report.pid),
        )
    return table


def _memory(pid: int | None) -> str:
    try:
        process = psutil.Process(pid) if pid else None
        family = [process, *process.children(recursive=True)] if process else []
        return f"{sum(one.memory_info().rss for one in family) / 2**20:.0f} MiB" if family else "–"
    except psutil.Error:
        return "–"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def down(data: DataOption = None) -> None:
    """Stop everything cleanly. Nothing to stop is fine."""
    installation = installation_of(data)
    pid = running_pid(installation.home.run)
    if pid is None or not is_up(installation.home.run):
        console.print("Seatkeep does not run")
        return
    process = psutil.Process(pid)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired as error:
        problems.print(f"[bold red]it did not stop within {STOP_SECONDS} s[/] (pid {pid})")
        raise typer.Exit(1) from error
    console.print("Seatkeep is stopped")


def logs(
    process: Annotated[str | None, typer.Argument(help="hub-web, manager-ingest, nats, …; none = list them")] = None,
    data: DataOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows, until Ctrl-C.")] = False,
) -> None:
    """Show the log of one process."""
    folder = installation_of(data).home.logs
    path = folder / f"{process}.log"
    if process is None or not path.exists():
        names = sorted(log.stem for log in folder.glob("*.log"))
        console.print("\n".join(names) or "no logs yet", markup=False)
        raise typer.Exit(0 if process is None else 1)
    with shown_errors():
        _show_log(path, lines, follow=follow)


def _show_log(path: Path, lines: int, *, follow: bool) -> None:
    with path.open(errors="replace") as log:
        for line in deque(log, maxlen=lines):
            console.print(line.rstrip(), markup=False, soft_wrap=True)
        while follow:
            line = log.readline()
            if line:
                console.print(line.rstrip(), markup=False, soft_wrap=True)
            else:
                time.sleep(0.3)
