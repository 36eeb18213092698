"""Background entry points of customers."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.customers.offboarding import offboard_work
from seatkeep_manager.customers.selectors import offboard_due_ids
from seatkeep_manager.hublink.services import hub_client


@app.task(name="customers.offboard", pass_context=False)
def offboard(job_id: int) -> None:
    """Do the work of one off-boarding that is due."""
    offboard_work(job_id=job_id, client=lambda: hub_client(now=clock_now()), clock=clock_now)


@app.periodic(cron="* * * * * */5")
@app.task(name="customers.offboards_due", queueing_lock="customers.offboards_due", pass_context=False)
def offboards_due(timestamp: int) -> None:
    """Go on with every off-boarding that is due; this is also what resumes one after a kill."""
    for job_id in offboard_due_ids(now=clock_now()):
        offboard_work(job_id=job_id, client=lambda: hub_client(now=clock_now()), clock=clock_now)
