"""`python -m seatkeep_manager ingest`."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from seatkeep_manager.ingest.process import run


class Command(BaseCommand):
    """Take device messages into the database until SIGTERM."""

    help = "Take device messages into the database."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        asyncio.run(_main())


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    await run(stop=stop)
