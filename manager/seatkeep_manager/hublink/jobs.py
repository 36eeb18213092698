"""Background work of the hub link."""

from __future__ import annotations

import logging

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import AppError

from seatkeep_manager.hublink.people_check import people_check

logger = logging.getLogger(__name__)


@app.periodic(cron="* * * * * */20")
@app.task(name="hublink.people", queueing_lock="hublink.people", pass_context=False)
def people(timestamp: int) -> None:
    """Three times a minute: what people who are signed in may now, and whether they still may be."""
    try:
        people_check(now=clock_now())
    except AppError as error:
        # The link's own page tells that Licensing is away; nobody is signed out for that.
        logger.info("people were not checked: %s", error.detail)
