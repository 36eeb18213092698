"""`python -m seatkeep_msi.waiting --root R`: wait until the stopped service has let go of the program's files.

A service counts as stopped a moment before its process has ended; Windows Installer would find files in use, and put
off their exchange until a restart. Agent and endpoint hold a locked file each for as long as they live.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from seatkeep_machine import machine

LOCKS = ("agent.lock", "endpoint.lock")
WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.05


def main(arguments: list[str] | None = None) -> int:
    """Wait; 1 when somebody still runs after half a minute."""
    parser = argparse.ArgumentParser(prog="seatkeep-waiting", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="folder of the agent's data")
    return 0 if ended(parser.parse_args(arguments).root, WAIT_SECONDS) else 1


def ended(root: Path, seconds: float) -> bool:
    """Whether agent and endpoint have ended within `seconds`."""
    deadline = time.monotonic() + seconds
    while any(machine().holder(root / "run" / lock) is not None for lock in LOCKS):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


if __name__ == "__main__":
    sys.exit(main())
