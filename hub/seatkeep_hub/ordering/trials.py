"""Remove a trial with everything that hangs on it."""

from __future__ import annotations

from datetime import datetime

from seatkeep_webkit.actors import Actor

from seatkeep_hub.agreements.batches import agreements_close_many
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.licensing.enums import LicenseKind, SeatState
from seatkeep_hub.licensing.errors import NotATrialError
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.rules import MAX_SEATS_AT_ONCE
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_hub.licensing.trials import trial_cancel


def trial_remove(*, actor: Actor, license: License, now: datetime) -> License:
    """Remove a trial: its agreements end, it is cancelled, its seats are given back. Idempotent, resumable.

    Raises:
        NotATrialError: It is none: a full license is suspended, never removed.
    """
    if license.kind != LicenseKind.TRIAL:
        raise NotATrialError
    with read_committed():
        agreements = list(Agreement.objects.filter(license=license, closed_at=None).order_by("id"))
        agreements_close_many(actor=actor, license=license, agreements=agreements, now=now)
        removed = trial_cancel(actor=actor, license=license, now=now)
    seats = Seat.objects.filter(license=license, state=SeatState.ACTIVE).order_by("id")
    while chunk := list(seats.values_list("uid", flat=True)[:MAX_SEATS_AT_ONCE]):
        seats_deactivate(actor=actor, seat_uids=chunk, now=now)
    return removed
