"""Orders to computers that a page and the API give alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import Actor

from seatkeep_manager.detections.models import QuarantineItem
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_manager.tasks.services import task_create


@transaction.atomic
def quarantine_task(
    *, actor: Actor, kind: TaskKind, items: Sequence[QuarantineItem], is_excluding: bool = False, now: datetime
) -> list[ClientTask]:
    """Order one task per file: each goes to the computer that holds it.

    Args:
        actor: Who asks; the caller has chosen the items from what the person may change.
        kind: QUARANTINE_RESTORE or QUARANTINE_DELETE.
        items: The files.
        is_excluding: A restored file is not found again.
        now: Current time, aware UTC.

    Raises:
        TaskTargetsEmptyError: A computer is no longer managed.
        DeviceTasksFullError: A computer has too many open tasks.
    """
    return [
        task_create(
            actor=actor,
            kind=kind,
            params={"item": str(item.item_uid), "is_excluding": is_excluding},
            device_ids=[item.device_id],
            now=now,
        )
        for item in items
    ]
