"""`seatkeep-endpoint run --root R`: the endpoint as a process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from seatkeep_endpoint import __version__
from seatkeep_endpoint.daemon import daemon_run
from seatkeep_endpoint.errors import EndpointError


def main(arguments: list[str] | None = None) -> int:
    """Run the endpoint; 0 after a wanted end, 6 when something on this machine is in the way."""
    parser = argparse.ArgumentParser(prog="seatkeep-endpoint", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve until SIGTERM")
    run.add_argument("--root", type=Path, required=True, help="folder of the installation")
    run.add_argument("--supervised", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(daemon_run(options.root.absolute(), is_supervised=options.supervised))
    except (EndpointError, OSError) as error:
        sys.stderr.write(f"seatkeep-endpoint: {error}\n")
        return 6
    return 0


if __name__ == "__main__":
    sys.exit(main())
