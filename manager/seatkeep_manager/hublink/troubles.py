"""Items that could not be taken over: kept with what they said, tried again when a person says so."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import DatabaseError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_manager.hublink.adapters.messages import item_decode
from seatkeep_manager.hublink.mirror import item_apply
from seatkeep_manager.hublink.models import SyncTrouble
from seatkeep_manager.hublink.rules import ItemInvalidError

TROUBLES_KEPT = 5_000
RAW_KEPT = 20_000
REFUSALS = (ItemInvalidError, msgspec.DecodeError, AppError, DatabaseError)
"""What an item can fail by, without harm to others."""


def reason_of(error: Exception) -> str:
    """Why an item failed, fit for a person."""
    if isinstance(error, DatabaseError):
        return "The database cannot store a value of it."
    return str(error.detail if isinstance(error, AppError) else error)[:300]


def head_of(raw: bytes) -> dict[str, str]:
    """Kind, id and name of an item, as far as it can be read."""
    try:
        head = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.DecodeError:
        head = {}
    return {key: str(head.get(key, "")).replace("\x00", "")[:200] for key in ("kind", "id", "name")}


@transaction.atomic
def trouble_note(raw: bytes, error: Exception, *, now: datetime) -> dict[str, str]:
    """Keep an item that failed, up to a bound; returns its head with the reason."""
    head = head_of(raw) | {"reason": reason_of(error)}
    kept = SyncTrouble.objects.filter(item_id=head["id"]).first()
    if kept is None and SyncTrouble.objects.count() >= TROUBLES_KEPT:
        return head
    kept = kept or SyncTrouble(item_id=head["id"], first_at=now, attempts=0)
    kept.kind, kept.name, kept.reason = head["kind"], head["name"], head["reason"]
    kept.raw = raw.decode("utf-8", "replace").replace("\x00", "")[:RAW_KEPT]
    kept.last_at, kept.attempts = now, kept.attempts + 1
    kept.save()
    return head


def troubles_forget(item_ids: Collection[UUID]) -> None:
    """Let go of items that were taken over."""
    SyncTrouble.objects.filter(item_id__in=[str(one) for one in item_ids]).delete()


def troubles_retry(*, actor: Actor, now: datetime) -> tuple[int, int]:
    """Try every kept item again, each by itself; returns how many went through and how many did not."""
    rows = list(SyncTrouble.objects.order_by("id"))
    done = sum(_retried(row, now) for row in rows)
    audit_record(
        actor=actor,
        action="hublink:retry",
        subject_type="hublink",
        subject_id="1",
        details={"done": done, "failed": len(rows) - done},
        now=now,
    )
    return done, len(rows) - done


def _retried(row: SyncTrouble, now: datetime) -> bool:
    try:
        with transaction.atomic():
            item_apply(item_decode(row.raw.encode()), run_id=0, now=now)
            row.delete()
    except REFUSALS as error:
        row.reason, row.last_at, row.attempts = reason_of(error), now, row.attempts + 1
        row.save(update_fields=["reason", "last_at", "attempts"])
        return False
    return True
