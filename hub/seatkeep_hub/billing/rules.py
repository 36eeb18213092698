"""Pure decisions of billing: what of a month is billed, at which price, and what a person should look at.

All arithmetic is in whole numbers and fractions; money is rounded once, per line (`money.rounded`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from seatkeep_hub.billing.money import rounded

CHANGE_PERCENT = 20
"""A line that differs by more than this from last month's is shown to whoever closes."""


class DayCount(NamedTuple):
    """One day of one share, in seats; on a paused one billing was stopped, and what was in use is told only."""

    day: date
    ordered: int
    agreed: int
    is_flexible: bool
    in_use: int
    peak: int
    device_days: int
    is_paused: bool = False


class Tier(NamedTuple):
    """A price that holds from so many seats of the category on; minor units, up to four decimal places."""

    from_seats: int
    price_minor: Decimal


@dataclass(frozen=True)
class Terms:
    """How a seller bills: which count, per what, and a month's minimum in minor units."""

    basis: str
    unit: str
    proration: str
    minimum_minor: int = 0


class Billed(NamedTuple):
    """What a share comes to in a month.

    Attributes:
        seat_days: Billed seats summed over the days.
        seats: Most billed seats of a day; for peak and last day, the number of the month.
    """

    seat_days: int
    seats: int


class Month(NamedTuple):
    """A calendar month; both days inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """28 to 31."""
        return (self.last - self.first).days + 1


def month_of(day: date) -> Month:
    """The month of a day."""
    first = day.replace(day=1)
    return Month(first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1))


def month_before(month: Month) -> Month:
    """The month before."""
    return month_of(month.first - timedelta(days=1))


def seats_of(basis: str, day: DayCount) -> int:
    """Seats of one day that count under a basis."""
    if basis == "ORDERED":
        return day.ordered
    if basis == "AGREED":
        return day.device_days if day.is_flexible else day.agreed
    return day.peak if basis == "IN_USE_PEAK" else day.in_use if basis == "IN_USE_LAST_DAY" else day.device_days


def billed_of(terms: Terms, days: Sequence[DayCount], month: Month) -> Billed:
    """What a share comes to in a month.

    The peak, and the number on the last day, hold for the whole month: they are billed for each of its days but the
    paused ones. A share that has no last day, because it ended before, has nothing in use then.
    """
    counted = [day for day in days if not day.is_paused]
    billed_days = month.days - (len(days) - len(counted))
    if terms.basis == "IN_USE_PEAK":
        seats = max((day.peak for day in counted), default=0)
        return Billed(seats * billed_days, seats)
    if terms.basis == "IN_USE_LAST_DAY":
        seats = sum(day.in_use for day in counted if day.day == month.last)
        return Billed(seats * billed_days, seats)
    counts = [seats_of(terms.basis, day) for day in counted]
    return Billed(sum(counts), max(counts, default=0))


def volume_of(billed: Sequence[Billed], month: Month) -> int:
    """Seats of a category in a month, which choose the tier: the average over its days, rounded up."""
    return -(-sum(one.seat_days for one in billed) // month.days)


def price_of(tiers: Sequence[Tier], volume: int) -> Decimal | None:
    """The price of all seats at a volume: that of the highest tier reached; None where there is none."""
    reached = [tier for tier in tiers if tier.from_seats <= max(volume, 1)]
    return max(reached).price_minor if reached else None


def amount_of(terms: Terms, billed: Billed, price_minor: Decimal, month: Month) -> int:
    """Minor units of one line."""
    price = Fraction(price_minor)
    if terms.unit == "SEAT_DAY":
        return rounded(price * billed.seat_days)
    if terms.proration == "FULL_MONTH":
        return rounded(price * billed.seats)
    return rounded(price * billed.seat_days / month.days)


def minimum_rest(terms: Terms, amounts: Sequence[int]) -> int:
    """What is missing to the month's minimum; 0 where it is reached."""
    return max(0, terms.minimum_minor - sum(amounts))


def flags_of(
    *,
    days: Sequence[DayCount],
    month: Month,
    until: date,
    price_minor: Decimal | None,
    seat_days: int,
    before: int | None,
) -> list[str]:
    """What a person should look at, as values of `Flag`.

    Args:
        days: What was counted.
        month: The month of the statement.
        until: Last day that is over, inclusive.
        price_minor: The price; None where there is none.
        seat_days: Billed seat-days.
        before: Those of the month before; None where there was no such line.
    """
    flags = []
    if price_minor is None:
        flags.append("NO_PRICE")
    if any(not day.is_flexible and day.in_use > day.agreed for day in days):
        flags.append("OVER_AGREED")
    if before is not None and abs(seat_days - before) * 100 > CHANGE_PERCENT * before:
        flags.append("CHANGED")
    if _is_gap(days, month, until):
        flags.append("DAYS_MISSING")
    return flags


def _is_gap(days: Sequence[DayCount], month: Month, until: date) -> bool:
    """Whether a day between the first counted one and the last counted one is missing."""
    known = {day.day for day in days if day.day <= min(until, month.last)}
    return bool(known) and len(known) != (max(known) - min(known)).days + 1


def tiers_fault(tiers: Mapping[str, Sequence[Tier]]) -> list[str]:
    """Product codes whose tiers do not begin at 1, repeat a number, or have a negative price."""
    return [
        code
        for code, found in tiers.items()
        if not found
        or min(tier.from_seats for tier in found) != 1
        or len({tier.from_seats for tier in found}) != len(found)
        or any(tier.price_minor < 0 for tier in found)
    ]
