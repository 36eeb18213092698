"""Problems open and close by themselves here; what people do with them: `acts`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from importlib.resources import files

from django.db import connection, transaction

from seatkeep_manager.directory.models import Device
from seatkeep_manager.problems.enums import ProblemState
from seatkeep_manager.problems.findings import devices_settle, devices_unsettled
from seatkeep_manager.problems.instance import instance_evaluate
from seatkeep_manager.problems.models import Problem

__all__ = ["devices_evaluate", "devices_evaluate_all", "instance_evaluate", "problems_prune", "snoozes_end"]

DEVICES_AT_ONCE = 5_000
RESOLVED_KEPT_FOR = timedelta(days=365)
PRUNED_AT_ONCE = 20_000
_SNOOZES_END = files(__package__).joinpath("sql/snoozes_end.sql").read_text()


@transaction.atomic
def devices_evaluate(*, device_ids: Collection[int], now: datetime) -> None:
    """Open and close the problems of devices by what is known of them now; two statements. Idempotent."""
    # The row locks, in id order, let two evaluations of one device take turns.
    rows = Device.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=device_ids).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    devices_settle(ids, now=now)


def devices_evaluate_all(*, now: datetime) -> int:
    """Evaluate every device, for what changes by time alone.

    One reading statement finds the devices whose problems are not what they should be; only these are locked.

    Returns:
        How many those were. Each 5,000 of them commit.
    """
    ids = devices_unsettled(now=now)
    for first in range(0, len(ids), DEVICES_AT_ONCE):
        devices_evaluate(device_ids=ids[first : first + DEVICES_AT_ONCE], now=now)
    return len(ids)


@transaction.atomic
def snoozes_end(*, now: datetime) -> int:
    """Bring back the problems whose snooze is over; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SNOOZES_END, {"now": now})
        return int(cursor.rowcount)


def problems_prune(*, now: datetime) -> int:
    """Forget problems that have been gone for a year, with their history; returns how many. At most 20,000 at once."""
    gone = Problem.objects.filter(state=ProblemState.RESOLVED, resolved_at__lt=now - RESOLVED_KEPT_FOR)
    ids = list(gone.order_by("resolved_at").values_list("pk", flat=True)[:PRUNED_AT_ONCE])
    Problem.objects.filter(pk__in=ids).delete()
    return len(ids)
