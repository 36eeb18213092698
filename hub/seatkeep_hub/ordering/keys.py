"""Replace a license's key, and on wish every license on a computer that it gave."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from seatkeep_webkit.actors import Actor

from seatkeep_hub.companies.models import User
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.services import license_key_rotate
from seatkeep_hub.ordering import jobs
from seatkeep_hub.ordering.bulk import bulk_begin
from seatkeep_hub.ordering.enums import BulkKind
from seatkeep_hub.ordering.models import BulkRun


class KeyReplaced(NamedTuple):
    """The new key, and the run that stops all computers when that was wished."""

    key: str
    run: BulkRun | None


def key_replace(
    *, actor: Actor, license: License, now: datetime, ends_leases: bool = False, user: User | None = None
) -> KeyReplaced:
    """Give a license a new key and new credentials.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        license: Which license.
        now: Current time, aware UTC.
        ends_leases: Stop every computer of it, too, as a job that can be undone for 24 hours; they activate anew.
        user: The person who may look at that job's progress.

    Raises:
        LicenseStateError: It is cancelled.

    Source:
        domain/licensing.md, row 35.
    """
    with read_committed():
        key = license_key_rotate(actor=actor, license=license, now=now)
        seats = Seat.objects.filter(license=license, state=SeatState.ACTIVE).order_by("id") if ends_leases else None
        uids = list(seats.values_list("uid", flat=True)) if seats is not None else []
        if not uids:
            return KeyReplaced(key, None)
        run = bulk_begin(actor=actor, kind=BulkKind.SEATS_STOP, items=uids, user=user, company=license.owner, now=now)
        jobs.bulk.defer(uid=str(run.uid))
    return KeyReplaced(key, run)
