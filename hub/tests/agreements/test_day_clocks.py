"""Cut-offs and zones of relations: days follow each other without gap or overlap, in Python as in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from seatkeep_hub.agreements.day_clocks import Clock, Clocks, day_clock_set
from seatkeep_hub.agreements.errors import DayClockFieldError
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.usage import usage_days_record, usage_run, usage_today_count
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_deactivate

pytestmark = pytest.mark.django_db

BEGIN = date(2026, 11, 1)
ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Tongatapu", "Pacific/Pago_Pago", "Australia/Lord_Howe"]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def counts(buyer, *days):
    rows = UsageDay.objects.filter(buyer=buyer, product__code="endpoint-workstation", day__in=days).order_by("day")
    return [(one.device_days, one.in_use) for one in rows]


def stop(actor, now, name):
    uid = Seat.objects.get(fingerprint=name).uid
    seats_deactivate(actor=actor, seat_uids=[uid], now=now)


@pytest.mark.parametrize("cut_off", [time(), time(0, 30), time(2, 30), time(12), time(12, 1), time(17, 30)])
@pytest.mark.parametrize("zone", ZONES)
def test_python_and_the_database_begin_each_day_at_the_same_moment(zone, cut_off):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day::date, usage_day_begin(day::date, %s, %s) FROM generate_series("
            "date '2027-01-01', date '2028-03-02', interval '1 day') AS day",
            [cut_off, zone],
        )
        rows = cursor.fetchall()
    assert [(day, Clock(cut_off, zone).begin(day)) for day, _ in rows] == rows


@pytest.mark.parametrize(
    ("cut_off", "begins", "ends"),
    [
        (time(17, 30), "2026-11-24T16:30", "2026-11-25T16:30"),
        (time(12), "2026-11-25T11:00", "2026-11-26T11:00"),
        (time(0, 30), "2026-11-24T23:30", "2026-11-25T23:30"),
    ],
)
def test_a_day_bears_the_date_that_holds_more_of_it(agree, activate, customer, msp, actor, cut_off, begins, ends):
    day_clock_set(seller=msp, buyer=None, valid_from_on=BEGIN, cut_off=cut_off, time_zone="Europe/Berlin")
    agree(customer)
    activate(customer, "before", at=at(begins) - timedelta(hours=1))
    stop(actor, at(begins) - timedelta(minutes=1), "before")
    activate(customer, "first", at=at(begins))
    activate(customer, "last", at=at(ends) - timedelta(minutes=1))
    activate(customer, "after", at=at(ends))
    day = date(2026, 11, 25)
    usage_days_record(first=day, last=day, now=at("2026-11-30T12:00"))
    assert counts(customer, day) == [(2, 2)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", date(2027, 3, 28), 23), ("Europe/Berlin", date(2027, 10, 31), 25),
     ("Pacific/Tongatapu", date(2028, 2, 29), 24), ("Pacific/Pago_Pago", date(2028, 2, 29), 24)],
)  # fmt: skip
def test_a_day_with_a_cut_off_is_as_long_as_the_clock_makes_it(msp, customer, zone, day, hours):
    day_clock_set(seller=msp, buyer=customer, valid_from_on=BEGIN, cut_off=time(17, 30), time_zone=zone)
    clocks = Clocks(msp, customer)
    assert clocks.begin(day + timedelta(days=1)) - clocks.begin(day) == timedelta(hours=hours)
    assert clocks.day_at(clocks.begin(day)) == day
    assert clocks.day_at(clocks.begin(day) - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_a_buyers_own_clock_goes_before_the_one_for_all(agree, activate, customer, other, msp):
    day_clock_set(seller=msp, buyer=None, valid_from_on=BEGIN, cut_off=time(17, 30), time_zone="UTC")
    day_clock_set(seller=msp, buyer=other, valid_from_on=BEGIN, cut_off=time(), time_zone="")
    for company, name in ((customer, "c"), (other, "o")):
        agree(company)
        activate(company, name, at=at("2026-11-25T18:00"))
    days = date(2026, 11, 25), date(2026, 11, 26)
    usage_days_record(first=days[0], last=days[1], now=at("2026-11-30T12:00"))
    assert counts(customer, *days) == [(0, 0), (1, 1)]
    assert counts(other, *days) == [(1, 1), (1, 1)]


def test_a_new_clock_leaves_no_hour_out_and_counts_none_twice(agree, activate, customer, msp, actor):
    day_clock_set(seller=msp, buyer=None, valid_from_on=date(2026, 12, 1), cut_off=time(17, 30), time_zone="UTC")
    agree(customer)
    activate(customer, "evening", at=at("2026-11-30T20:00"))
    stop(actor, at("2026-11-30T21:00"), "evening")
    days = date(2026, 11, 30), date(2026, 12, 1)
    usage_days_record(first=days[0], last=days[1], now=at("2026-12-05T12:00"))
    assert [devices for devices, _ in counts(customer, *days)] == [1, 0]
    clocks = Clocks(msp, customer)
    assert [clocks.begin(day) for day in (*days, date(2026, 12, 2))] == [
        at("2026-11-30T00:00"), at("2026-12-01T00:00"), at("2026-12-01T17:30")]  # fmt: skip


def test_the_hourly_job_takes_up_the_relations_whose_cut_off_passed(agree, activate, customer, other, msp):
    day_clock_set(seller=msp, buyer=customer, valid_from_on=BEGIN, cut_off=time(17, 30), time_zone="UTC")
    for company in (customer, other):
        agree(company)
    usage_run(now=at("2026-11-25T17:22"))
    activate(customer, "late", at=at("2026-11-25T17:29"))
    usage_run(now=at("2026-11-25T18:22"))
    usage_run(now=at("2026-11-25T19:22"))
    day = date(2026, 11, 25)
    assert counts(customer, day) == [(1, 1)]
    written = UsageDay.objects.filter(day=day, product__code="endpoint-workstation")
    assert written.get(buyer=customer).recorded_at == at("2026-11-25T18:22")
    assert written.get(buyer=other).recorded_at == at("2026-11-25T19:22")


def test_counting_now_counts_the_day_that_runs_by_the_relations_clock(agree, activate, customer, msp):
    day_clock_set(seller=msp, buyer=None, valid_from_on=BEGIN, cut_off=time(17, 30), time_zone="UTC")
    agree(customer)
    activate(customer, "late", at=at("2026-11-25T18:00"))
    usage_today_count(company=msp, now=at("2026-11-25T18:05"))
    assert counts(customer, date(2026, 11, 25), date(2026, 11, 26)) == [(1, 1)]


@pytest.mark.parametrize(
    ("fields", "named"),
    [({"time_zone": "Mars/Olympus"}, "time_zone"), ({"cut_off": time(17, 30, 5)}, "cut_off"),
     ({"cut_off": time(12, 1), "time_zone": "Pacific/Kiritimati"}, "cut_off")],
)  # fmt: skip
def test_a_clock_that_cannot_be_is_refused_and_nothing_is_kept(msp, fields, named):
    day_clock_set(seller=msp, buyer=None, valid_from_on=BEGIN, cut_off=time(12), time_zone="Pacific/Pago_Pago")
    usual = {"cut_off": time(), "time_zone": ""}
    with pytest.raises(DayClockFieldError) as refused:
        day_clock_set(seller=msp, buyer=None, valid_from_on=date(2026, 12, 1), **{**usual, **fields})
    assert list(refused.value.fields) == [named]
    assert Clocks(msp, None).on(date(2026, 12, 1)) == Clock(time(12), "Pacific/Pago_Pago")
