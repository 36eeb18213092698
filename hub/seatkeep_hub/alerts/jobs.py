"""Background work of alerts."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.alerts.telling import alerts_send


@app.periodic(cron="*/10 * * * *")
@app.task(name="alerts.send", queueing_lock="alerts.send")
def send(timestamp: int) -> None:
    """Every ten minutes: what is wanted at once, and daily mails where their hour has come."""
    alerts_send(now=clock.now())
