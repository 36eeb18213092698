"""The sync feed: what a manager must hear of, in commit order.

An entry becomes readable when every older transaction has ended (`pg_snapshot_xmin`), so no reader ever passes over
one that commits late. The entry only says *what* changed; the reader renders the present state.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from seatkeep_webkit.outbox.services import transactions_rebase

from seatkeep_hub.companies.cursors import CHANNEL, FeedCursor
from seatkeep_hub.companies.enums import FeedKind
from seatkeep_hub.companies.errors import FeedCursorGoneError
from seatkeep_hub.companies.models import Company, Feed, FeedEntry

# The order is that of the index. A bare `xid` would mean the column that is selected, a number, and sort all the rest.
_SCAN = """
    SELECT e.id, e.xid::text::bigint, e.kind, e.uid
    FROM companies_feedentry AS e
    WHERE (e.xid, e.id) > (%(xid)s::text::xid8, %(id)s)
      AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
      AND e.path @> ARRAY[%(company)s]::bigint[]
    ORDER BY e.xid, e.id
    LIMIT %(limit)s
"""


@dataclass(frozen=True)
class FeedChange:
    """One thing that changed; its present state is for the renderer to find."""

    kind: FeedKind
    uid: uuid.UUID


@dataclass(frozen=True)
class FeedScan:
    """Part of the feed: changes (each thing once), where it ends, and whether there is more."""

    changes: list[FeedChange]
    cursor: FeedCursor
    has_more: bool


def feed_append(
    *, kind: FeedKind, uid: uuid.UUID, path: Sequence[int], now: datetime, is_deleted: bool = False
) -> None:
    """Note a change for every reader whose company is on `path`. Must be inside the transaction that made it."""
    feed_append_many(kind=kind, items=[(uid, path)], now=now, is_deleted=is_deleted)


def feed_append_many(
    *, kind: FeedKind, items: Sequence[tuple[uuid.UUID, Sequence[int]]], now: datetime, is_deleted: bool = False
) -> None:
    """Note several changes of one kind, each with its uid and path."""
    if not items:
        return
    FeedEntry.objects.bulk_create(
        [FeedEntry(kind=kind, uid=uid, path=list(path), is_deleted=is_deleted, at=now) for uid, path in items]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def feed_scan(*, scope: Company, cursor: str | None, limit: int) -> FeedScan:
    """Read changes after a cursor that the company `scope` may hear of.

    Args:
        scope: The reader's company; it hears of its whole subtree.
        cursor: Where the last read ended; None or empty reads from the start.
        limit: At most so many entries, 1 to 1000.

    Raises:
        FeedCursorInvalidError: The cursor is not one of ours.
        FeedCursorGoneError: The cursor is of another feed or another scope.
    """
    start = cursor_for(scope=scope, cursor=cursor)
    with connection.cursor() as db:
        db.execute(_SCAN, {"xid": str(start.xid), "id": start.id, "company": scope.pk, "limit": limit})
        rows = db.fetchall()
    if not rows:
        return FeedScan([], start, has_more=False)
    changes = dict.fromkeys(FeedChange(FeedKind(kind), uid) for _, _, kind, uid in rows)
    end = FeedCursor(start.feed, start.scope, rows[-1][1], rows[-1][0])
    return FeedScan(list(changes), end, has_more=len(rows) == limit)


def cursor_for(*, scope: Company, cursor: str | None) -> FeedCursor:
    """Check a reader's cursor, or make the first one.

    Raises:
        FeedCursorInvalidError: The cursor is not one of ours.
        FeedCursorGoneError: The cursor is of another feed or another scope.
    """
    feed = feed_uid()
    if not cursor:
        return FeedCursor(feed, scope.uid, 0, 0)
    place = FeedCursor.parse(cursor)
    if (place.feed, place.scope) != (feed, scope.uid):
        raise FeedCursorGoneError
    return place


def feed_uid() -> uuid.UUID:
    """The id of this feed."""
    return Feed.objects.get_or_create(is_only=True)[0].uid


@transaction.atomic
def feed_reset() -> uuid.UUID:
    """Begin a new feed with the same entries; every reader gets 410 and reads in full. Run it after a restore.

    All transaction ids that the backup brought become older than any of this PostgreSQL (`transactions_rebase`).

    Returns:
        The new feed's id.
    """
    feed = Feed.objects.select_for_update().get(uid=feed_uid())
    feed.uid = uuid.uuid4()
    feed.save(update_fields=["uid"])
    transactions_rebase()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return feed.uid
