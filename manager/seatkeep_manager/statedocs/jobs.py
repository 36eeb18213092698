"""Background entry points of documents and licenses."""

from __future__ import annotations

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.statedocs.licenses import tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment


@app.periodic(cron="*/10 * * * *")
@app.task(name="statedocs.tickets", queueing_lock="statedocs.tickets", pass_context=False)
def tickets(timestamp: int) -> None:
    """Give new tickets to devices whose old one ends before they could use it."""
    waiting = LicenseAssignment.objects.exclude(device__endpoint_thumbprint="").values_list("device_id", flat=True)
    tickets_issue(device_ids=list(waiting), now=clock_now())
