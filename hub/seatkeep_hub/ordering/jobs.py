"""Background work of ordering: acts on many things, and planned changes."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.ordering.announcing import changes_announce
from seatkeep_hub.ordering.bulk import bulk_run
from seatkeep_hub.ordering.plans import changes_apply


@app.task(name="ordering.bulk", retry=5)
def bulk(uid: str) -> None:
    """Do one act on many things; it goes on where a killed worker stopped."""
    bulk_run(uid=UUID(uid), now=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="ordering.changes", queueing_lock="ordering.changes")
def changes(timestamp: int) -> None:
    """Every ten minutes: planned changes whose day has begun where their owner lives, and word of those that come."""
    now = clock.now()
    changes_apply(now=now)
    changes_announce(now=now)
