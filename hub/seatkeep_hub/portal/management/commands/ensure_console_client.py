"""`ensure_console_client`: register the console as our sign-in client; run at every start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from seatkeep_hub.portal.identity import console_client_ensure, oidc_key_ensure


class Command(BaseCommand):
    """Make or mend the console's registration from the environment. Idempotent."""

    help = "Register the console (SEATKEEP_OIDC_CLIENT_ID, SEATKEEP_OIDC_CLIENT_SECRET, SEATKEEP_CONSOLE_URL)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        if not settings.OIDC_CLIENT_SECRET:
            raise CommandError("SEATKEEP_OIDC_CLIENT_SECRET is not set: the console could not sign in.")
        oidc_key_ensure()
        is_new = console_client_ensure(
            client_id=settings.OIDC_CLIENT_ID,
            client_secret=settings.OIDC_CLIENT_SECRET,
            console_url=settings.CONSOLE_URL.rstrip("/"),
        )
        self.stdout.write("console registered" if is_new else "console registration is in order")
