"""Background entry points of tasks."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.tasks.group_services import group_tasks_expire
from seatkeep_manager.tasks.services import task_runs_expire


@app.periodic(cron="* * * * *")
@app.task(name="tasks.expire", queueing_lock="tasks.expire", pass_context=False)
def expire(timestamp: int) -> None:
    """End the runs whose device did not come back in time, and the group tasks whose end has come."""
    now = clock_now()
    task_runs_expire(now=now)
    group_tasks_expire(now=now)
