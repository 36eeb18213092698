"""Background work of agreements: the day's usage, and off-boarding."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.agreements.offboarding import offboarding_run
from seatkeep_hub.agreements.usage import usage_day_record

DAYS_BACK = 2
"""Days written again each time, so that every time zone's day is over once and a night without a worker is made up."""


@app.periodic(cron="7 * * * *")
@app.task(name="agreements.usage_days")
def usage_days(timestamp: int) -> None:
    """Every hour: usage of today so far and of the days before."""
    now = clock.now()
    for back in range(DAYS_BACK + 1):
        usage_day_record(day=now.date() - timedelta(days=back), now=now)


@app.task(name="agreements.offboard", retry=5)
def offboard(uid: str) -> None:
    """Do one off-boarding; it goes on where a killed worker stopped."""
    offboarding_run(uid=UUID(uid), now=clock.now())
