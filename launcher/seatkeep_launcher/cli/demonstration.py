"""demo."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from seatkeep_launcher.cli.common import EXPECTED, load, problems
from seatkeep_launcher.demo.driver import Demo, demo_remove
from seatkeep_launcher.demo.steps import StepError
from seatkeep_launcher.home import Home
from seatkeep_launcher.ports import find_free_port
from seatkeep_launcher.up import Stack, is_up, only_one

FOLDER = Path("build/demo")
WIDTH_WITHOUT_TERMINAL = 132
console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder of the demo.")] = FOLDER,
    http_port: Annotated[str | None, typer.Option(help="For people (8080).")] = None,
    https_port: Annotated[str | None, typer.Option(help="For devices (8443).")] = None,
    nats_port: Annotated[str | None, typer.Option(help="Native NATS TLS (2222).")] = None,
    internal_port: Annotated[str | None, typer.Option(help="First of ten loopback ports (8300).")] = None,
    is_exit: Annotated[bool, typer.Option("--exit", help="End after the last step instead of staying up.")] = False,
    is_clean: Annotated[bool, typer.Option("--clean", help="Remove the demo's data and end.")] = False,
) -> None:
    """Run the whole chain: from an empty machine to a licensed, protected, visible computer."""
    folder = data.absolute()
    if is_clean:
        return _clean(folder)
    mail_port = find_free_port()
    installation = load(
        SEATKEEP_DATA=str(folder),
        SEATKEEP_HTTP_PORT=http_port,
        SEATKEEP_HTTPS_PORT=https_port,
        SEATKEEP_NATS_PORT=nats_port,
        SEATKEEP_INTERNAL_PORT=internal_port,
        SEATKEEP_SMTP_URL=f"smtp://127.0.0.1:{mail_port}",
    )
    stack = Stack(installation)
    try:
        with only_one(installation.home.run):
            _run(Demo(stack, console, mail_port), stack, is_exit=is_exit)
    except (*EXPECTED, StepError) as error:
        problems.print(str(error), style="bold red", markup=False)
        raise typer.Exit(1) from error
    return None


def _run(demo: Demo, stack: Stack, *, is_exit: bool) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # An end in the middle of a step ends all processes too.
    try:
        demo.run()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stack.supervisor.request_stop)
        if not is_exit:
            demo.stay_up()
    except KeyboardInterrupt:
        pass
    finally:
        console.print("[dim]· stopping[/]")
        demo.stop()
        stack.stop()


def _clean(folder: Path) -> None:
    home = Home(folder)
    if is_up(home.run):
        problems.print("[bold red]the demo runs[/]: stop it first (Ctrl-C, or seatkeep down --data)")
        raise typer.Exit(1)
    demo_remove(folder, home.postgres() if home.data.exists() and home.is_postgres_elsewhere() else None)
    console.print(f"removed {folder}")
