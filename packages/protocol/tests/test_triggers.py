"""When group tasks fire, in local time, whatever the clocks do."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_protocol.cron import cron_parse
from seatkeep_protocol.errors import TriggerInvalidError
from seatkeep_protocol.triggers import (
    Schedule,
    fire_delay,
    fire_due,
    fire_next,
    run_id,
    trigger_decode,
    trigger_encode,
)

BERLIN = ZoneInfo("Europe/Berlin")
TASK, DEVICE = uuid.UUID(int=7), "0123456789abcdef" * 2
ZONES = st.sampled_from([BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001  # made aware
DAYS = st.lists(st.integers(0, 6), min_size=1, max_size=7)
LINES = st.sampled_from(["*/20 * * * *", "0 2 * * 1-5", "30 2,3 1,15 * *"])
TIMES = st.times().map(lambda found: found.strftime("%H:%M"))
SCHEDULES = st.one_of(
    st.builds(lambda at: {"type": "DAILY", "at": at}, TIMES),
    st.builds(lambda at, days: {"type": "WEEKLY", "at": at, "days": days}, TIMES, DAYS),
    st.builds(lambda at, day: {"type": "MONTHLY", "at": at, "day": day}, TIMES, st.integers(1, 31)),
    st.builds(lambda text: {"type": "CRON", "expression": text}, LINES),
).map(trigger_decode)  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("trigger", "after", "expected"),
    [
        ({"type": "DAILY", "at": "03:00"}, "2026-11-22T01:59", "2026-11-22T02:00"),
        ({"type": "DAILY", "at": "03:00"}, "2026-11-22T02:00", "2026-11-23T02:00"),
        ({"type": "DAILY", "at": "02:30"}, "2026-03-28T12:00", "2026-03-29T01:30"),  # jumped over: 03:30 summer time
        ({"type": "DAILY", "at": "02:30"}, "2026-10-24T12:00", "2026-10-25T00:30"),  # shown twice: the first
        ({"type": "DAILY", "at": "02:30"}, "2026-10-25T00:30", "2026-10-26T01:30"),
        ({"type": "WEEKLY", "days": [0], "at": "08:00"}, "2026-11-22T00:00", "2026-11-23T07:00"),
        ({"type": "MONTHLY", "day": 31, "at": "00:00"}, "2027-02-01T00:00", "2027-02-27T23:00"),
        ({"type": "ONCE", "at": "2026-12-24T18:00"}, "2026-11-22T00:00", "2026-12-24T17:00"),
        ({"type": "CRON", "expression": "0 12 29 2 *"}, "2026-11-22T00:00", "2028-02-29T11:00"),
        ({"type": "CRON", "expression": "0 12 13 * 5"}, "2026-11-12T00:00", "2026-11-13T11:00"),  # 13th or Friday
        ({"type": "CRON", "expression": "0 12 * * 7"}, "2026-11-16T00:00", "2026-11-22T11:00"),
    ],
)
def test_the_next_fire_is_in_local_time(trigger: dict[str, Any], after: str, expected: str) -> None:
    assert fire_next(trigger_decode(trigger), after=utc(after), zone=BERLIN) == utc(expected)  # type: ignore[arg-type]


def test_a_time_that_is_over_has_no_next_fire() -> None:
    once = trigger_decode({"type": "ONCE", "at": "2026-12-24T18:00"})
    assert fire_next(once, after=utc("2026-12-24T17:00"), zone=BERLIN) is None  # type: ignore[arg-type]


@given(SCHEDULES, MOMENTS, ZONES)
def test_the_next_fire_is_due_from_its_instant_on_and_nothing_lies_between(
    schedule: Schedule, after: datetime, zone: ZoneInfo
) -> None:
    found = fire_next(schedule, after=after, zone=zone)
    assert found is not None

    def due(now: datetime) -> datetime | None:
        return fire_due(schedule, after=after, now=now, task=TASK, device=DEVICE, zone=zone)

    assert after < found
    assert due(found - timedelta(microseconds=1)) is None
    assert due(found) == found


@given(st.builds(lambda at: trigger_decode({"type": "DAILY", "at": at}), TIMES), ZONES)
def test_every_local_day_has_one_fire_and_no_two(schedule: Schedule, zone: ZoneInfo) -> None:
    at, fires = datetime(2026, 3, 1, tzinfo=UTC), list[datetime]()
    for _ in range(40):
        found = fire_next(schedule, after=at, zone=zone)
        assert found is not None
        fires.append(at := found)
    days = [fire.astimezone(zone).date() for fire in fires]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))


@given(st.integers(1, 86_400), MOMENTS)
def test_a_delay_is_within_its_limit_and_always_the_same(limit: int, fire: datetime) -> None:
    schedule = trigger_decode({"type": "DAILY", "at": "03:00", "delay_seconds": limit})
    delays = {fire_delay(schedule, task=TASK, device=DEVICE, fire=fire) for _ in range(2)}  # type: ignore[arg-type]
    assert len(delays) == 1
    assert timedelta() <= delays.pop() <= timedelta(seconds=limit)


def test_a_long_delay_does_not_starve_a_frequent_schedule() -> None:
    schedule = trigger_decode({"type": "CRON", "expression": "* * * * *", "delay_seconds": 3600})
    start = utc("2026-11-22T00:00")
    found = fire_due(schedule, after=start, now=start + timedelta(hours=2), task=TASK, device=DEVICE, zone=BERLIN)  # type: ignore[arg-type]
    assert found is not None


def test_the_same_fire_is_the_same_run_and_no_other_is() -> None:
    runs = {run_id(task=task, device=device, fired_at_us=at)
            for task in (TASK, uuid.UUID(int=8)) for device in (DEVICE, "f" * 32) for at in (1, 2)}  # fmt: skip
    assert len(runs) == 8
    assert run_id(task=TASK, device=DEVICE, fired_at_us=1) in runs


@pytest.mark.parametrize(
    "trigger",
    [
        {}, {"type": "SOMETIMES"}, {"type": "ASAP", "at": "03:00"}, {"type": "DAILY", "at": "24:00"},
        {"type": "DAILY", "at": "3:00"}, {"type": "DAILY", "at": "03:00", "delay_seconds": 86_401},
        {"type": "WEEKLY", "days": [], "at": "03:00"}, {"type": "WEEKLY", "days": [7], "at": "03:00"},
        {"type": "MONTHLY", "day": 0, "at": "03:00"}, {"type": "ONCE", "at": "2026-02-30T03:00"},
        *({"type": "CRON", "expression": text} for text in (
            "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "0 0 31 2 *", "0 0 * * MON", "-1 * * * *",
            "1,,2 * * * *", "١ * * * *", "0 0 30 2 *", "* * * * * *", "*" * 201,
        )),
    ],
)  # fmt: skip
def test_a_wrong_trigger_is_refused(trigger: dict[str, Any]) -> None:
    with pytest.raises(TriggerInvalidError):
        trigger_decode(trigger)


@given(st.text(alphabet="0123456789*/-, ", max_size=40))
def test_any_text_is_a_cron_expression_or_refused(text: str) -> None:
    try:
        cron = cron_parse(text)
    except TriggerInvalidError:
        return
    assert cron.times()
    cron.fits(date(2026, 11, 22))


@given(SCHEDULES)
def test_a_trigger_survives_its_document(schedule: Schedule) -> None:
    assert trigger_decode(trigger_encode(schedule)) == schedule


def test_a_year_has_its_day_also_when_it_is_short() -> None:
    leap = trigger_decode({"type": "YEARLY", "month": 2, "day": 29, "at": "03:00"})
    after, days = datetime(2026, 11, 22, tzinfo=UTC), []
    for _ in range(3):
        after = fire_next(leap, after=after, zone=UTC)  # type: ignore[arg-type, assignment]
        days.append((after.year, after.month, after.day))
    assert days == [(2027, 2, 28), (2028, 2, 29), (2029, 2, 28)]
