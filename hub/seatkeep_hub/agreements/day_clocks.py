"""When a day of a billing relation begins and ends: a cut-off time by the clock of a time zone.

A day runs from cut-off to cut-off and bears the date that holds more of it: with a cut-off of 17:30 the 5th ends on
the 5th at 17:30, with one of 00:30 it ends on the 6th at 00:30, with 00:00 at midnight. Where a clock is set back, or
leaves an hour out, the later reading of a time holds, as in the database. A day begins when the one before ended, so
that a new clock leaves no hour out and changes nothing before the month from which it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from seatkeep_hub.agreements.errors import DayClockFieldError
from seatkeep_hub.agreements.models import DayClock
from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.models import Company

NOON = time(12)
DAY = timedelta(days=1)


class Clock(NamedTuple):
    """A cut-off by the clock of an IANA zone."""

    cut_off: time
    time_zone: str

    def begin(self, day: date) -> datetime:
        """When a day begins, in UTC."""
        local = datetime.combine(day - DAY if self.cut_off > NOON else day, self.cut_off, ZoneInfo(self.time_zone))
        return max(local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))


class Clocks:
    """The clocks of one relation, read once."""

    def __init__(self, seller: Company, buyer: Company | None, rows: Iterable[DayClock] | None = None) -> None:
        """Read them, or take them as `rows`; without a buyer, those that hold for all."""
        if rows is None:
            whom = Q(buyer=None) | Q(buyer=buyer) if buyer is not None else Q(buyer=None)
            rows = DayClock.objects.filter(whom, seller=seller)
        self._own_first = sorted(rows, key=lambda one: (one.buyer_id is not None, one.valid_from_on), reverse=True)
        self._usual = Clock(time(), seller.time_zone)

    def on(self, day: date) -> Clock:
        """The clock by which a day ends."""
        held = next((one for one in self._own_first if one.valid_from_on <= day), None)
        return Clock(held.cut_off, held.time_zone or self._usual.time_zone) if held else self._usual

    def begin(self, day: date) -> datetime:
        """When a day begins: as the day before ended."""
        return self.on(day - DAY).begin(day)

    def day_at(self, instant: datetime) -> date:
        """The day that runs at an instant."""
        day = instant.date() + 2 * DAY
        while self.begin(day) > instant:
            day -= DAY
        return day


def clocks_by_buyer(seller: Company) -> dict[int | None, Clocks]:
    """A seller's clocks: under None those for all, and by id those of buyers that have some of their own."""
    rows: dict[int | None, list[DayClock]] = {None: []}
    for one in DayClock.objects.filter(seller=seller):
        rows.setdefault(one.buyer_id, []).append(one)
    for_all = rows[None]
    return {buyer: Clocks(seller, None, [*for_all, *(own if buyer else [])]) for buyer, own in rows.items()}


@transaction.atomic
def day_clock_set(
    *, seller: Company, buyer: Company | None, valid_from_on: date, cut_off: time, time_zone: str
) -> DayClock:
    """Say when a relation's days end, from the first of a month on. Idempotent.

    Days that were counted already are to be counted again by the caller; so is the question whether they may change.

    Args:
        seller: Who sells.
        buyer: Who buys; None for all that have no clock of their own.
        valid_from_on: The first day of a month.
        cut_off: Whole minutes.
        time_zone: IANA name, or empty for the seller's.

    Raises:
        DayClockFieldError: The zone is not known, the time has seconds, or the first day would end before it begins.
    """
    if time_zone and company_rules.time_zone_fault(time_zone):
        raise DayClockFieldError(fields={"time_zone": [_("This time zone is not known.")]})
    if cut_off.second or cut_off.microsecond or cut_off.tzinfo:
        raise DayClockFieldError(fields={"cut_off": [_("Hours and minutes, such as 17:30.")]})
    made, _is_new = DayClock.objects.update_or_create(
        seller=seller,
        buyer=buyer,
        valid_from_on=valid_from_on,
        defaults={"cut_off": cut_off, "time_zone": time_zone},
    )
    clocks = Clocks(seller, buyer)
    if clocks.begin(valid_from_on) >= clocks.begin(valid_from_on + DAY):
        raise DayClockFieldError(fields={"cut_off": [_("The first day would end before it begins.")]})
    return made
