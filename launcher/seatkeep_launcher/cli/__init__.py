"""The commands of `seatkeep`; each parses, makes one call and prints."""

from __future__ import annotations

import typer

from seatkeep_launcher.cli import demonstration, keeping, licensing, running

app = typer.Typer(
    help="Seatkeep: licensing and endpoint management on one machine, with one command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
running.register(app)
keeping.register(app)
licensing.register(app)
demonstration.register(app)
