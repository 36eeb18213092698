"""`seatkeep-endpoint run --root R`: the endpoint as a process; `… self-test`: ask this machine's Defender."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

from seatkeep_endpoint import __version__
from seatkeep_endpoint.daemon import daemon_run
from seatkeep_endpoint.defender.scrubbing import Scrubber
from seatkeep_endpoint.errors import EndpointError
from seatkeep_endpoint.platforms import platform
from seatkeep_endpoint.self_test import self_test_run
from seatkeep_endpoint.service import utc_now

NAMES = ("USERNAME", "USER", "LOGNAME", "COMPUTERNAME", "USERDOMAIN", "USERDNSDOMAIN")


def main(arguments: list[str] | None = None) -> int:
    """Run the endpoint or its self-test.

    Returns:
        0 after a wanted end or a good self-test, 1 when the self-test found something else than expected, 3 when there
        is nothing to test here, 6 when something on this machine is in the way.
    """
    parser = argparse.ArgumentParser(prog="seatkeep-endpoint", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="serve until SIGTERM")
    run.add_argument("--root", type=Path, required=True, help="folder of the installation")
    run.add_argument("--supervised", action="store_true", help="end when standard input ends")
    test = commands.add_parser("self-test", help="ask Microsoft Defender, change nothing, write a report for a bug")
    test.add_argument("--out", type=Path, default=Path(), help="folder for the report (this one)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        if options.command == "self-test":
            return self_test_run(
                platform().defender_runner(), options.out.absolute(), now=utc_now(), scrub=Scrubber(private_names())
            )
        asyncio.run(daemon_run(options.root.absolute(), is_supervised=options.supervised))
    except (EndpointError, OSError) as error:
        sys.stderr.write(f"seatkeep-endpoint: {error}\n")
        return 6
    return 0


def private_names() -> list[str]:
    """What names this computer, its user and their domain."""
    return [socket.gethostname(), *(os.environ.get(name, "") for name in NAMES)]


if __name__ == "__main__":
    sys.exit(main())
