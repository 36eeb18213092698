"""Background work of upkeep."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit import clock

from seatkeep_hub.upkeep.questions import questions_find
from seatkeep_hub.upkeep.stale import stale_release_due


@app.periodic(cron="*/5 * * * *")
@app.task(name="upkeep.questions", queueing_lock="upkeep.questions")
def questions(timestamp: int) -> None:
    """Every five minutes: questions about seats that were taken since."""
    questions_find(now=clock.now())


@app.periodic(cron="0 0,12 * * *")
@app.task(name="upkeep.stale", queueing_lock="upkeep.stale")
def stale(timestamp: int) -> None:
    """At 00:00 and 12:00 UTC: seats of silent computers, where a rule releases them."""
    stale_release_due(now=clock.now())
