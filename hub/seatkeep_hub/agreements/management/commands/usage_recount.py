"""`usage_recount 2026-10-01 2026-10-31`: count days again from the ledgers."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from seatkeep_webkit import clock

from seatkeep_hub.agreements.usage import usage_days_record


class Command(BaseCommand):
    """Write the usage of past days again: the same ledgers give the same numbers."""

    help = "Count the usage of a period again from the ledgers (both days included)."

    def add_arguments(self, parser: CommandParser) -> None:
        """First and last day."""
        parser.add_argument("first", type=date.fromisoformat)
        parser.add_argument("last", type=date.fromisoformat)

    def handle(self, *args: Any, **options: Any) -> None:
        """Count, and say how many rows were written."""
        begun = time.monotonic()
        rows = usage_days_record(first=options["first"], last=options["last"], now=clock.now())
        self.stdout.write(f"{rows} rows of daily usage written, {time.monotonic() - begun:.2f} s")
