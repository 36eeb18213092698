"""Background entry points of tasks."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.tasks.files import files_expire
from seatkeep_manager.tasks.group_services import group_tasks_expire
from seatkeep_manager.tasks.server_tasks import server_tasks_run_due
from seatkeep_manager.tasks.services import task_runs_expire, task_runs_prune
from seatkeep_manager.tasks.sizes import sizes_look


@app.periodic(cron="* * * * *")
@app.task(name="tasks.expire", queueing_lock="tasks.expire", pass_context=False)
def expire(timestamp: int) -> None:
    """End the runs whose device did not come back in time, and the group tasks whose end has come."""
    now = clock_now()
    task_runs_expire(now=now)
    group_tasks_expire(now=now)
    sizes_look(now=now)


@app.periodic(cron="23 * * * *")
@app.task(name="tasks.tidy", queueing_lock="tasks.tidy", pass_context=False)
def tidy(timestamp: int) -> None:
    """Follow the console's own daily rules; delete old runs, and files whose time is over."""
    now = clock_now()
    server_tasks_run_due(now=now)
    files_expire(now=now)
    task_runs_prune(now=now)
