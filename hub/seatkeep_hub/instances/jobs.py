"""Background entry points: forget ids of old signed calls, and what webkit keeps for a while."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.tidying import tidy

from seatkeep_hub.instances.services import instance_calls_purge


@app.periodic(cron="*/10 * * * *")
@app.task(name="instances.calls_purge")
def calls_purge(timestamp: int) -> None:
    """Every ten minutes: ids that could not be replayed any more."""
    instance_calls_purge(now=read_clock())


@app.periodic(cron="23 3 * * *")
@app.task(name="webkit.tidy", queueing_lock="webkit.tidy", pass_context=False)
def tidy_up(timestamp: int) -> None:
    """Every night: forget idempotency keys, rate limits and events that have served their time."""
    tidy(now=read_clock())
