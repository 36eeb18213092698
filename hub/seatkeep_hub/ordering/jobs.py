"""Background work of ordering: acts on many things, and planned changes."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.ordering.bulk import bulk_run
from seatkeep_hub.ordering.plans import changes_apply


@app.task(name="ordering.bulk", retry=5)
def bulk(uid: str) -> None:
    """Do one act on many things; it goes on where a killed worker stopped."""
    bulk_run(uid=UUID(uid), now=clock.now())


@app.periodic(cron="*/10 * * * *")
@app.task(name="ordering.changes", queueing_lock="ordering.changes")
def changes(timestamp: int) -> None:
    """Every ten minutes: planned changes whose day has begun where their owner lives."""
    changes_apply(now=clock.now())
