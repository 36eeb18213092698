"""Background entry points of tasks."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.tasks.services import task_runs_expire


@app.periodic(cron="* * * * *")
@app.task(name="tasks.expire", queueing_lock="tasks.expire", pass_context=False)
def expire(timestamp: int) -> None:
    """End the runs whose device did not come back in time."""
    task_runs_expire(now=clock_now())
