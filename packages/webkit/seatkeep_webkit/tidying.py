"""Forget what has served its time: the daily job of both programs, and the command `tidy`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from seatkeep_webkit.idempotency.services import keys_forget
from seatkeep_webkit.kept.services import kept_forget
from seatkeep_webkit.outbox.services import events_forget
from seatkeep_webkit.ratelimit.services import buckets_forget


class Tidied(NamedTuple):
    """How much was deleted."""

    keys: int
    limits: int
    events: int
    kept: int


def tidy(*, now: datetime) -> Tidied:
    """Delete idempotency keys older than two days, rate limits that are whole again, events read by all, old cache."""
    return Tidied(keys_forget(now=now), buckets_forget(now=now), events_forget(now=now), kept_forget(now=now))
