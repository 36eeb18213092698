"""`tidy`: forget what has served its time."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from seatkeep_webkit.clock import now
from seatkeep_webkit.tidying import tidy


class Command(BaseCommand):
    """Deletes old idempotency keys, rate limits that are whole again, and events that every reader has passed."""

    help = "Delete old idempotency keys, rate limits and events. The worker does it every night."

    def handle(self, *args: object, **options: object) -> None:
        """Delete and say how much."""
        done = tidy(now=now())
        self.stdout.write(f"{done.keys} keys, {done.limits} limits, {done.events} events")
