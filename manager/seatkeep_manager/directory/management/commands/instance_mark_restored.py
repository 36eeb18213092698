"""`python -m seatkeep_manager instance_mark_restored`: run once after a restore."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.clock import now

from seatkeep_manager.directory.services import instance_mark_restored


class Command(BaseCommand):
    """Begin anew with all agents."""

    help = "After a restore: ask every agent for a full report and publish every document anew."

    def handle(self, *args: Any, **options: Any) -> None:
        """Mark the instance and print its new restore id."""
        self.stdout.write(str(instance_mark_restored(actor=Actor.system("restore"), now=now())))
