"""Background entry points of documents and licenses."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.statedocs.licenses import license_assign_enrolled, tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment

JOINED_WITHIN = timedelta(hours=1)
DEVICES_AT_ONCE = 500


@app.periodic(cron="* * * * *")
@app.task(name="statedocs.licenses", queueing_lock="statedocs.licenses", pass_context=False)
def licenses(timestamp: int) -> None:
    """Assign a license to devices that joined within the hour, when the hub's mirror knew none yet."""
    now = clock_now()
    fresh = Device.objects.filter(state=DeviceState.ACTIVE, enrolled_at__gt=now - JOINED_WITHIN)
    for pk in list(fresh.filter(license_assignments__isnull=True).values_list("pk", flat=True)[:DEVICES_AT_ONCE]):
        license_assign_enrolled(device_id=pk, token_id=None, now=now)


@app.periodic(cron="*/10 * * * *")
@app.task(name="statedocs.tickets", queueing_lock="statedocs.tickets", pass_context=False)
def tickets(timestamp: int) -> None:
    """Give new tickets to devices whose old one ends before they could use it."""
    waiting = LicenseAssignment.objects.exclude(device__endpoint_thumbprint="").values_list("device_id", flat=True)
    tickets_issue(device_ids=list(waiting), now=clock_now())
