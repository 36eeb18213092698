"""Any statement follows from the ledgers to the cent: random histories against an independent, slow model.

The model knows nothing of rows, partitions or rounding helpers: it keeps each device's intervals in a list, walks the
month day by day, and adds up fractions.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from seatkeep_hub.billing.drafting import statement_differences
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.billing.seat_record import record_of, seats_of
from seatkeep_hub.companies.models import Company

BEGIN = datetime(2027, 2, 20, 12, tzinfo=UTC)
MARCH = date(2027, 3, 1)
LATER = datetime(2027, 4, 20, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "Pacific/Tongatapu", "Pacific/Pago_Pago", "America/New_York"]
TIERS = [(1, Decimal("333.3333")), (2, Decimal(299)), (4, Decimal("250.5"))]

steps = st.lists(
    st.tuples(st.integers(1, 40 * 60), st.one_of(st.integers(0, 4), st.integers(0, 6).map(lambda n: -1 - n))),
    max_size=25,
)
"""Minutes since the last step, and a device to switch; or, negative, an agreement: -1 flexible, -1-n fixed n."""


class SlowModel:
    """Intervals per device and the agreements in order, each as it happened."""

    def __init__(self):
        self.intervals = {}
        self.agreed = [(BEGIN, 0)]

    def switch(self, device, at):
        known = self.intervals.setdefault(device, [])
        if known and known[-1][1] is None:
            known[-1][1] = at
            return "stop"
        known.append([at, None])
        is_fresh = len(known) == 1 or at - known[-2][1] > timedelta(hours=24)
        return "take" if is_fresh else "resume"

    def devices_of_day(self, low, high):
        """Devices whose interval touches the day; one that ends exactly as it begins does not."""
        return {name for name, several in self.intervals.items() for begin, end in several
                if begin < high and (end is None or end > low)}  # fmt: skip

    def in_use_at(self, instant):
        return sum(1 for several in self.intervals.values() for begin, end in several
                   if begin < instant and (end is None or end >= instant))  # fmt: skip

    def peak(self, low, high):
        moments = {at for several in self.intervals.values() for pair in several for at in pair if at}
        inside = [at for at in moments if low <= at < high]
        just_after = [at + timedelta(microseconds=1) for at in inside]
        return max(self.in_use_at(at) for at in [low, high, *just_after])

    def month(self, zone, cut_off):
        shift = timedelta(days=1) if cut_off > time(12) else timedelta()
        moments = [
            datetime.combine(MARCH + timedelta(days=number) - shift, cut_off, zone).astimezone(UTC)
            for number in range(32)
        ]
        return list(pairwise(moments))

    def owed(self, basis, zone, cut_off, minimum):
        days = self.month(zone, cut_off)
        if basis == "IN_USE_PEAK":
            seats = [max(self.peak(low, high) for low, high in days)] * 31
        elif basis == "IN_USE_LAST_DAY":
            seats = [self.in_use_at(days[-1][1])] * 31
        else:
            seats = [self._seats(basis, low, high) for low, high in days]
        volume = -(-sum(seats) // 31)
        price = next(price for start, price in reversed(TIERS) if max(volume, 1) >= start)
        owed = floor(sum((Fraction(price) / 31 * count for count in seats), Fraction()) + Fraction(1, 2))
        return max(owed, minimum) if self._is_anything(days) else 0

    def _is_anything(self, days):
        """Whether the month has a line at all: a number was agreed, or a device was there."""
        return any(self._fixed_at(high) or self.devices_of_day(low, high) for low, high in days)

    def _fixed_at(self, high):
        return [number for at, number in self.agreed if at < high][-1]

    def _seats(self, basis, low, high):
        fixed = self._fixed_at(high)
        return fixed if basis == "AGREED" and fixed else len(self.devices_of_day(low, high))


def replay(shop, history):
    model, now = SlowModel(), BEGIN + timedelta(days=8)
    for minutes, step in history:
        now += timedelta(minutes=minutes)
        if step >= 0:
            _switch(shop, model.switch(f"d{step}", now), f"d{step}", now)
        elif step == -1:
            shop.agree(shop.customer, at=now)
            model.agreed.append((now, 0))
        else:
            shop.agree(shop.customer, "FIXED", quantity=-1 - step, at=now)
            model.agreed.append((now, -1 - step))
    return model


def _switch(shop, verb, name, now):
    if verb == "take":
        shop.activate(shop.customer, name, at=now)
    elif verb == "stop":
        shop.stop(name, at=now)
    else:
        shop.resume(name, at=now)


@pytest.mark.django_db
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    history=steps,
    zone=st.sampled_from(ZONES),
    basis=st.sampled_from(["IN_USE_DAYS", "AGREED", "IN_USE_PEAK", "IN_USE_LAST_DAY"]),
    cut_off=st.sampled_from([time(), time(0, 30), time(17, 30)]),
    minimum=st.sampled_from([0, 777]),
)
def test_a_statement_is_what_the_slow_model_owes(shop, history, zone, basis, cut_off, minimum):
    with transaction.atomic():
        msp = Company.objects.get(pk=shop.msp.pk)
        shop.agree(shop.customer)
        both = ("endpoint-workstation", "endpoint-server")
        tiers = {code: [Tier(*tier) for tier in TIERS] for code in both}
        shop.price(tiers=tiers, basis=basis, time_zone=zone, cut_off=cut_off, minimum_minor=minimum)
        model = replay(shop, history)
        draft = shop.draft(MARCH, now=LATER, seller=msp)
        assert draft.total_minor == model.owed(basis, ZoneInfo(zone), cut_off, minimum)
        assert statement_differences(draft, now=LATER + timedelta(days=3)) == []
        for line in draft.lines.exclude(node=None):
            record = record_of(line, seats_of(line))
            assert sum(len(one.days) for one in record) == line.device_days
        transaction.set_rollback(True)
