"""`rotate_keys`: a new encryption key, then every secret written anew with it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.clock import now
from seatkeep_webkit.env import env_path
from seatkeep_webkit.keyring import KeyRing
from seatkeep_webkit.rotation import columns_reencrypt, keyring_rotate


class Command(BaseCommand):
    """Rotates the key ring of this program."""

    help = "Add a new encryption key and re-encrypt every secret. Programs must be restarted between the two steps."

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer the two steps apart: with the new key in the file, restart; then re-encrypt."""
        parser.add_argument("--only-reencrypt", action="store_true", help="keep the current key, only write anew")

    def handle(self, *args: object, **options: Any) -> None:
        """Rotate, re-encrypt, and say how many secrets were written anew."""
        path = env_path("SEATKEEP_KEYRING")
        ring = KeyRing.load(path) if options["only_reencrypt"] else keyring_rotate(path)
        count = columns_reencrypt(ring)
        audit_record(
            actor=Actor.operator("command line"),
            action="keyring:rotate",
            subject_type="keyring",
            subject_id=ring.current,
            details={"count": count},
            now=now(),
        )
        self.stdout.write(f"current key {ring.current}, {count} secrets written anew")
