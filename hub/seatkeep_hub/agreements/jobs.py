"""Background work of agreements: the day's usage, and off-boarding."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.agreements.offboarding import offboarding_run
from seatkeep_hub.agreements.usage import usage_partitions_ensure, usage_run

CATCH_UP = "agreements.usage_days"


@app.periodic(cron="7 * * * *")
@app.task(name=CATCH_UP, queueing_lock=CATCH_UP)
def usage_days(timestamp: int) -> None:
    """Every hour: usage of today so far and of each day that ended since the last run, however long ago that is."""
    usage_run(now=clock.now())


@app.periodic(cron="23 3 * * *")
@app.task(name="agreements.usage_partitions")
def usage_partitions(timestamp: int) -> None:
    """Every night: partitions of daily usage for this month and the next three."""
    now = clock.now()
    usage_partitions_ensure(first=now.date(), last=now.date() + timedelta(days=92))


@app.task(name="agreements.offboard", retry=5)
def offboard(uid: str) -> None:
    """Do one off-boarding; it goes on where a killed worker stopped."""
    offboarding_run(uid=UUID(uid), now=clock.now())
