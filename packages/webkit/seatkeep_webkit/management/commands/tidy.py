"""`tidy`: forget what has served its time."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from seatkeep_webkit.clock import now
from seatkeep_webkit.idempotency.services import keys_forget
from seatkeep_webkit.ratelimit.services import buckets_forget


class Command(BaseCommand):
    """Deletes idempotency keys older than two days and rate limits that are whole again."""

    help = "Delete old idempotency keys and rate limits. Run it daily."

    def handle(self, *args: object, **options: object) -> None:
        """Delete and say how much."""
        moment = now()
        self.stdout.write(f"{keys_forget(now=moment)} keys, {buckets_forget(now=moment)} limits")
