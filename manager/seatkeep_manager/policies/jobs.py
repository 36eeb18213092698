"""Background entry points of policies."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.policies.selectors import rollouts_under_way_ids
from seatkeep_manager.policies.watching import rollout_watch


@app.periodic(cron="* * * * * */10")
@app.task(name="policies.rollouts", queueing_lock="policies.rollouts", pass_context=False)
def rollouts(timestamp: int) -> None:
    """Look after every roll-out that is under way; this is also what goes on with one after a kill."""
    for rollout_id in rollouts_under_way_ids():
        rollout_watch(rollout_id=rollout_id, now=clock_now())
