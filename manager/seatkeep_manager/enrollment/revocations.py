"""Whose broker credentials no longer count, and the list of them on its way to the broker.

The manager cannot revoke by itself, because operator and account keys stay with the launcher (DESIGN §4). It writes
the whole list to the file SEATKEEP_NATS_REVOCATIONS (wire.md §7); the launcher signs it into the account of the agents.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.broker import JWT_LIFE
from seatkeep_manager.enrollment.models import RevokedCredential
from seatkeep_manager.enrollment.selectors import revocations_list

CLAIM_RESOLUTION = timedelta(seconds=1)
"""Issue times and revocations are whole seconds: a JWT of the revocation's own second is revoked with it."""


@transaction.atomic
def credential_revoke(*, nkey: str, now: datetime) -> None:
    """Note that the JWTs of a broker user issued up to `now` no longer count; see `revocations_publish`. Idempotent."""
    RevokedCredential.objects.update_or_create(nkey=nkey, defaults={"revoked_at": now, "published_at": None})
    outbox_append(topic="credential.revoked", payload={"nkey": nkey}, now=now)


def credentials_revoke_left(*, device_ids: Collection[int], now: datetime) -> None:
    """End the JWTs that name a company which these devices have left; their agents ask for new ones by themselves.

    Args:
        device_ids: Devices whose move is committed: a JWT made for the former company is older than this call.
        now: Current time, aware UTC, as it was read before the move was seen; the second after it counts too.
    """
    enrolled = Device.objects.filter(pk__in=device_ids).exclude(nkey="").order_by("pk")
    for nkey in enrolled.values_list("nkey", flat=True):
        credential_revoke(nkey=nkey, now=now + CLAIM_RESOLUTION)


def valid_from(nkey: str) -> datetime | None:
    """The issue time from which JWTs of a broker user count; None when none was revoked within their life."""
    revoked_at = RevokedCredential.objects.filter(nkey=nkey).values_list("revoked_at", flat=True).first()
    return revoked_at + CLAIM_RESOLUTION if revoked_at else None


def revocations_prune(*, now: datetime) -> int:
    """Forget revocations older than 7 days: the JWTs they stop have ended. Returns how many."""
    return RevokedCredential.objects.filter(revoked_at__lte=now - JWT_LIFE).delete()[0]


def revocations_publish(*, now: datetime, is_forced: bool = False) -> bool:
    """Write the list when somebody was revoked since it was last written.

    A kill between the file and the mark only writes the same list again.

    Args:
        now: Current time, aware UTC.
        is_forced: Write in any case, for the first look after a start or a restore.

    Returns:
        Whether the file was written; never without a file to write to.
    """
    due = RevokedCredential.objects.filter(published_at__isnull=True)
    if not settings.NATS_REVOCATIONS or not (is_forced or due.exists()):
        return False
    return _publish(Path(settings.NATS_REVOCATIONS), now)


@transaction.atomic
def _publish(path: Path, now: datetime) -> bool:
    # The row locks keep a later revocation of the same user from being marked without having been written.
    waiting = list(RevokedCredential.objects.select_for_update().filter(published_at__isnull=True).order_by("pk"))
    is_new = _write_changed(path, json.dumps({"version": 1, "users": revocations_list()}, sort_keys=True))
    RevokedCredential.objects.filter(pk__in=[row.pk for row in waiting]).update(published_at=now)
    return is_new


def _write_changed(path: Path, content: str) -> bool:
    """Put the file in place by a rename (0600), unless it says the same already."""
    if path.exists() and path.read_text() == content:
        return False
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    staging.rename(path)
    return True
