"""Background entry points of ingest."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.tidying import tidy

from seatkeep_manager.ingest.models import ProcessedMessage
from seatkeep_manager.ingest.services import unknown_take_in

PROCESSED_KEPT_FOR = timedelta(days=30)


@app.periodic(cron="* * * * *")
@app.task(name="ingest.unknown", queueing_lock="ingest.unknown", pass_context=False)
def unknown(timestamp: int) -> None:
    """Take in kept messages of devices that have come (back) into the directory."""
    unknown_take_in(now=clock_now())


@app.periodic(cron="43 * * * *")
@app.task(name="ingest.prune", queueing_lock="ingest.prune", pass_context=False)
def prune(timestamp: int) -> None:
    """Forget ids of events that the broker cannot deliver again any more."""
    ProcessedMessage.objects.filter(at__lt=clock_now() - PROCESSED_KEPT_FOR).delete()


@app.periodic(cron="23 3 * * *")
@app.task(name="webkit.tidy", queueing_lock="webkit.tidy", pass_context=False)
def tidy_up(timestamp: int) -> None:
    """Every night: forget idempotency keys, rate limits and events that have served their time."""
    tidy(now=clock_now())
