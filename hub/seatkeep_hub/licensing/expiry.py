"""Licenses that end: managers hear of it when it happens, not when somebody changes the license next."""

from __future__ import annotations

from datetime import datetime, timedelta

from seatkeep_hub.companies.enums import FeedKind
from seatkeep_hub.companies.feed import feed_append_many
from seatkeep_hub.licensing.models import License

TOLD_FOR = timedelta(hours=1)
"""So long an end is told again and again: a reader does not mind, and a worker may have been down."""


def expiries_tell(*, now: datetime) -> int:
    """Write a feed entry for each license that ended within the last hour; returns how many."""
    ended = License.objects.filter(expires_at__gt=now - TOLD_FOR, expires_at__lte=now, cancelled_at=None)
    items = list(ended.order_by("id").values_list("uid", "owner__path"))
    feed_append_many(kind=FeedKind.LICENSE, items=items, now=now)
    return len(items)
