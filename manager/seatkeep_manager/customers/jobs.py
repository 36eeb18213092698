"""Background entry points of customers."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.customers.offboarding import offboard_work
from seatkeep_manager.customers.selectors import offboard_due_ids, setup_open_ids
from seatkeep_manager.customers.set_up_jobs import setup_work
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.services import company_client


@app.periodic(cron="* * * * * */5")
@app.task(name="customers.offboards_due", queueing_lock="customers.offboards_due", pass_context=False)
def offboards_due(timestamp: int) -> None:
    """Go on with every off-boarding that is due; this is also what resumes one after a kill."""
    for job_id in offboard_due_ids(now=clock_now()):
        offboard_work(job_id=job_id, client=_client, clock=clock_now)


@app.periodic(cron="* * * * * */5")
@app.task(name="customers.set_ups_open", queueing_lock="customers.set_ups_open", pass_context=False)
def set_ups_open(timestamp: int) -> None:
    """Go on with every set-up of many customers; this is also what resumes one after a kill."""
    for job_id in setup_open_ids():
        setup_work(job_id=job_id, clock=clock_now)


def _client(company: MirroredCompany) -> HubClient:
    return company_client(company, now=clock_now())
