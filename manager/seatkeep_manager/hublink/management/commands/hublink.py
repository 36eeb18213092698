"""`python -m seatkeep_manager hublink`: keep the link to the hub alive."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from django.core.management.base import BaseCommand
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.hublink.runner import LinkRunner


class Command(BaseCommand):
    """Links, synchronizes, listens, until a signal ends it."""

    help = "Keep the link to Licensing: link, synchronize, listen for announcements."

    def handle(self, *args: object, **options: object) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        LinkRunner(stop=stop, clock=clock_now).run()
