"""Writes of lease keys: rotate. Reading and first making is in `leasing.py`, shared with the fast path."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.licensing.enums import LeaseKeyState
from seatkeep_hub.licensing.leasing import LeaseKeys, lease_keys_script
from seatkeep_hub.licensing.models import LeaseKey
from seatkeep_hub.licensing.statements import run

CHANNEL = "lease_key"
"""NOTIFY channel: `fast` reads its keys anew."""


@transaction.atomic
def lease_keys_get(*, now: datetime) -> LeaseKeys:
    """The lease keys; made when there are none."""
    return run(lease_keys_script(now=now))


@transaction.atomic
def lease_key_rotate(*, actor: Actor, now: datetime) -> LeaseKey:
    """The next key signs from now on, the current one only verifies, and a new next one is made.

    Returns:
        The key that signs now.
    """
    lease_keys_get(now=now)
    keys = {key.state: key for key in LeaseKey.objects.select_for_update().filter(retired_at=None).order_by("id")}
    old, upcoming = keys[LeaseKeyState.CURRENT], keys[LeaseKeyState.NEXT]
    LeaseKey.objects.filter(pk=old.pk).update(state=LeaseKeyState.RETIRED, retired_at=now)
    LeaseKey.objects.filter(pk=upcoming.pk).update(state=LeaseKeyState.CURRENT)
    fresh = SigningKey.generate()
    LeaseKey.objects.create(
        kid=fresh.kid,
        public_key=fresh.verify_key.raw,
        seed_encrypted=fresh.seed,
        state=LeaseKeyState.NEXT,
        created_at=now,
    )
    audit_record(
        actor=actor,
        action="lease_key:rotate",
        subject_type="lease_key",
        subject_id=upcoming.kid,
        details={"retired": old.kid, "next": fresh.kid},
        now=now,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    upcoming.refresh_from_db()
    return upcoming
