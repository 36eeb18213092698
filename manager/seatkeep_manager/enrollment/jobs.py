"""Background entry points of enrollment."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.enrollment.revocations import revocations_prune


@app.periodic(cron="17 * * * *")
@app.task(name="enrollment.prune", queueing_lock="enrollment.prune", pass_context=False)
def prune(timestamp: int) -> None:
    """Forget revocations of credentials that have ended by themselves."""
    revocations_prune(now=clock_now())
