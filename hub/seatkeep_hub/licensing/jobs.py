"""Background work of licensing."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.licensing.expiry import expiries_tell
from seatkeep_hub.licensing.suspension import protections_stop_due

MONTHS_AHEAD = 3


@app.periodic(cron="17 3 * * *")
@app.task(name="licensing.seat_event_partitions", pass_context=False)
def seat_event_partitions(timestamp: int) -> None:
    """Every night: partitions of the seat journal for this month and the next three."""
    seat_event_partitions_ensure(now=clock.now())


@app.periodic(cron="*/5 * * * *")
@app.task(name="licensing.licenses_turn", queueing_lock="licensing.licenses_turn")
def licenses_turn(timestamp: int) -> None:
    """Every five minutes: stop protection where its moment has come, and tell managers of licenses that ended."""
    now = clock.now()
    protections_stop_due(now=now)
    expiries_tell(now=now)


def seat_event_partitions_ensure(*, now: datetime) -> None:
    """Make missing partitions of the month of `now` and the three after it. Idempotent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seat_event_partition_ensure((%s::timestamptz + make_interval(months => n))::date)"
            " FROM generate_series(0, %s) AS n",
            [now, MONTHS_AHEAD],
        )
