"""Background entry points of problems."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.problems.services import devices_evaluate_all, instance_evaluate, problems_prune, snoozes_end


@app.periodic(cron="* * * * * */5")
@app.task(name="problems.instance", queueing_lock="problems.instance", pass_context=False)
def instance_problems(timestamp: int) -> None:
    """What is not about one device, and snoozes that are over."""
    instance_evaluate(now=clock_now())
    snoozes_end(now=clock_now())


@app.periodic(cron="* * * * *")
@app.task(name="problems.devices", queueing_lock="problems.devices", pass_context=False)
def device_problems(timestamp: int) -> None:
    """What changes by time alone: silence, gaps, old signatures."""
    devices_evaluate_all(now=clock_now())


@app.periodic(cron="53 3 * * *")
@app.task(name="problems.prune", queueing_lock="problems.prune", pass_context=False)
def prune(timestamp: int) -> None:
    """Every night: forget what has been gone for a year."""
    problems_prune(now=clock_now())
