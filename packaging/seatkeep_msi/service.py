"""`python -m seatkeep_msi.service --root R`: what the service manager starts.

It answers the service manager first and imports the agent afterwards: a busy machine that has just started may need
longer for that than the service manager waits.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import argparse
import logging
from pathlib import Path

from seatkeep_agent.platforms.windows_service import WindowsService


def main() -> int:
    """Serve until the service manager says stop; not 0 when the agent failed, and then Windows starts it again."""
    parser = argparse.ArgumentParser(prog="seatkeep-service", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the agent's data")
    root = parser.parse_args().root
    on = WindowsService()
    return on.service_run(root, lambda: agent_run(root))


def agent_run(root: Path) -> int:
    """The agent, in the thread of the service."""
    logging.getLogger().setLevel(logging.INFO)
    from seatkeep_agent.__main__ import main

    return main(["run", "--root", str(root)])


if __name__ == "__main__":
    sys.exit(main())
