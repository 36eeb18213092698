"""Background entry points: forget ids of old signed calls."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as read_clock

from seatkeep_hub.instances.services import instance_calls_purge


@app.periodic(cron="*/10 * * * *")
@app.task(name="instances.calls_purge")
def calls_purge(timestamp: int) -> None:
    """Every ten minutes: ids that could not be replayed any more."""
    instance_calls_purge(now=read_clock())
