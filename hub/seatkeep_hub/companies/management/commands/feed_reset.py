"""`python -m seatkeep_hub feed_reset`: run once after a restore."""

from typing import Any

from django.core.management.base import BaseCommand

from seatkeep_hub.companies.feed import feed_reset


class Command(BaseCommand):
    """Begin a new sync feed."""

    help = "Begin a new sync feed after a restore: every manager reads in full again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Reset the feed and print its new id."""
        self.stdout.write(str(feed_reset()))
