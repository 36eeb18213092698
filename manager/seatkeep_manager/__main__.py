"""`python -m seatkeep_manager <command>`: Django's commands, and `ingest`, `publisher`, `hublink`, `worker`."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

SHORT_NAMES = {"worker": ["procrastinate", "worker"]}


def main(argv: list[str]) -> None:
    """Run one command; `worker` is short for `procrastinate worker`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seatkeep_manager.project.settings")
    command = SHORT_NAMES.get(argv[1], [argv[1]]) if len(argv) > 1 else []
    execute_from_command_line([argv[0], *command, *argv[2:]])


if __name__ == "__main__":
    main(sys.argv)
