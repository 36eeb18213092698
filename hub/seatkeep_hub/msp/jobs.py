"""Background work: acts on several companies, and mails about requests."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.msp.bulk import run_work
from seatkeep_hub.msp.request_mails import mails_send


@app.task(name="msp.company_run", retry=5)
def company_run(uid: str) -> None:
    """Do one act on several companies; it goes on where a killed worker stopped."""
    run_work(uid=UUID(uid), now=clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="msp.request_mails", queueing_lock="msp.request_mails")
def request_mails(timestamp: int) -> None:
    """Every minute: mail what happened to requests."""
    mails_send(now=clock.now())
