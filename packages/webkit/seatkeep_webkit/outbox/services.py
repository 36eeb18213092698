"""Writes of the outbox."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Max

from seatkeep_webkit.outbox.cursors import OutboxCursor
from seatkeep_webkit.outbox.fields import XidField
from seatkeep_webkit.outbox.models import ConsumerPosition, OutboxEvent
from seatkeep_webkit.outbox.selectors import is_after, outbox_read

CHANNEL = "outbox"
KEEP = timedelta(days=14)
"""How long events stay that every reader has passed, so that a person can look what happened."""


def outbox_append(*, topic: str, payload: Mapping[str, object], now: datetime) -> None:
    """Append an event within the caller's transaction and wake the readers when it commits.

    Args:
        topic: Dotted name, such as `license.changed`.
        payload: JSON values; ids, never secrets.
        now: Current time, aware UTC.

    Raises:
        TransactionManagementError: There is no transaction; the event could become true without its fact.
    """
    outbox_append_many(topic=topic, payloads=[payload], now=now)


def outbox_append_many(*, topic: str, payloads: Sequence[Mapping[str, object]], now: datetime) -> None:
    """Append several events of one topic, as `outbox_append` does.

    Raises:
        TransactionManagementError: There is no transaction; the events could become true without their facts.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("outbox_append needs the transaction of the change it tells about")
    events = [OutboxEvent(topic=topic, payload=dict(payload), created_at=now) for payload in payloads]
    OutboxEvent.objects.bulk_create(events)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])


@transaction.atomic
def consume(
    *,
    name: str,
    topics: Collection[str],
    handler: Callable[[list[OutboxEvent]], None],
    limit: int = 500,
    now: datetime,
) -> int:
    """Hand the next events to a handler and move the named position, in one transaction.

    Two workers of one name take turns: the second waits for the first. When the handler raises, nothing has moved.

    Args:
        name: The reader, stable over releases.
        topics: What it reads.
        handler: Gets the events in order; not called when there are none.
        limit: At most so many.
        now: Current time, aware UTC.

    Returns:
        How many were handled; `limit` means that there may be more.
    """
    ConsumerPosition.objects.bulk_create([ConsumerPosition(name=name, updated_at=now)], ignore_conflicts=True)
    position = ConsumerPosition.objects.select_for_update().get(name=name)
    events = outbox_read(after=position.cursor, topics=topics, limit=limit)
    if not events:
        return 0
    handler(events)
    position.xid, position.event_id, position.updated_at = events[-1].xid, events[-1].pk, now
    position.save(update_fields=["xid", "event_id", "updated_at"])
    return len(events)


def events_forget(*, now: datetime) -> int:
    """Delete events older than 14 days that every reader has passed; return how many.

    A reader that stands still keeps everything after its position; an event that nobody ever read stays, too.
    """
    slowest = min((position.cursor for position in ConsumerPosition.objects.all()), default=None)
    if slowest is None:
        return 0
    return OutboxEvent.objects.filter(~is_after(slowest), created_at__lt=now - KEEP).delete()[0]


@transaction.atomic
def transactions_rebase() -> None:
    """Make every stored transaction id older than all those of this PostgreSQL; part of a restore.

    Ids that another cluster counted mean nothing here: they may lie ahead of the horizon for ever. All become 0, the
    ids of the rows keep the order, and a named reader stands before the first event that it had not passed. What it
    handled after that one comes a second time. Run it before anybody writes. Idempotent.
    """
    for position in ConsumerPosition.objects.select_for_update():
        position.event_id = _last_before_news(position.cursor)
        position.xid = 0
        position.save(update_fields=["xid", "event_id"])
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, XidField):
                model._base_manager.update(**{field.name: 0})


def _last_before_news(cursor: OutboxCursor) -> int:
    first = OutboxEvent.objects.filter(is_after(cursor)).order_by("id").values_list("id", flat=True).first()
    return first - 1 if first is not None else OutboxEvent.objects.aggregate(last=Max("id"))["last"] or 0
