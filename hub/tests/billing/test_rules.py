"""Money and prices, against a slow model that goes day by day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_hub.billing.money import NotAPriceError, decimal_of, minor_of, money_text, price_text, rounded
from seatkeep_hub.billing.rules import (
    Billed,
    DayCount,
    Terms,
    Tier,
    amount_of,
    billed_of,
    flags_of,
    minimum_rest,
    month_before,
    month_of,
    price_of,
    tiers_fault,
    volume_of,
)

MARCH = month_of(date(2027, 3, 9))


def day(number=1, *, ordered=0, agreed=0, flexible=False, in_use=0, peak=0, devices=0):
    return DayCount(date(2027, 3, number), ordered, agreed, flexible, in_use, peak, devices)


@pytest.mark.parametrize(
    ("basis", "seat_days", "seats"),
    [("ORDERED", 10, 5), ("AGREED", 8, 4), ("IN_USE_DAYS", 6, 3), ("IN_USE_PEAK", 87, 3), ("IN_USE_LAST_DAY", 58, 2)],
)
def test_a_paused_day_is_billed_under_no_basis(basis, seat_days, seats):
    """Two days of March count, two were paused; the second of those had more of everything."""
    counted = [day(number, ordered=5, agreed=4, in_use=2, peak=3, devices=3) for number in (1, 31)]
    paused = [
        day(number, ordered=9, agreed=9, in_use=9, peak=9, devices=9)._replace(is_paused=True) for number in (2, 3)
    ]
    terms = Terms(basis, "SEAT_DAY", "DAILY")
    assert billed_of(terms, [*counted, *paused], MARCH) == Billed(seat_days, seats)


def test_a_leap_february_has_29_days():
    assert (month_of(date(2028, 2, 3)).days, month_before(month_of(date(2028, 3, 1))).last) == (29, date(2028, 2, 29))


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_rounding_is_symmetric_and_never_off_by_more_than_half(amount):
    assert rounded(-amount) == -rounded(amount)
    assert abs(rounded(amount) - amount) <= Fraction(1, 2)


@pytest.mark.parametrize(("half", "whole"), [("0.5", 1), ("1.5", 2), ("-0.5", -1), ("0.4999", 0)])
def test_a_half_goes_away_from_zero(half, whole):
    assert rounded(Fraction(half)) == whole


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_a_price_reads_back_what_it_shows(minor, currency):
    assert minor_of(str(decimal_of(minor, currency)), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(123450, "EUR", "1,234.50 EUR"), (-5, "EUR", "-0.05 EUR"), (1200, "JPY", "1,200 JPY"), (1, "KWD", "0.001 KWD")],
)
def test_money_shows_the_places_of_its_currency(minor, currency, text):
    assert money_text(minor, currency) == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [("390", "EUR", "3.90"), ("310.5", "EUR", "3.105"), ("120", "JPY", "120"), ("0", "EUR", "0.00")],
)
def test_a_price_shows_at_least_the_places_of_its_currency(minor, currency, text):
    assert price_text(Decimal(minor), currency) == text


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "0.0000001"])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(NotAPriceError):
        minor_of(text, "EUR")


COUNTS = st.lists(
    st.builds(
        lambda ordered, agreed, flexible, in_use, more, devices: (ordered, agreed, flexible, in_use, in_use + more,
                                                                  in_use + more + devices),
        st.integers(0, 50), st.integers(0, 50), st.booleans(), st.integers(0, 50), st.integers(0, 5), st.integers(0, 5),
    ),
    min_size=1, max_size=31,
)  # fmt: skip
BASES = ["ORDERED", "AGREED", "IN_USE_DAYS", "IN_USE_PEAK", "IN_USE_LAST_DAY"]


def slow_amount(basis, unit, proration, days, price):
    """The same, the slow way: a list with one entry per day of the month, each worth its part of the price."""
    seats = dict.fromkeys(range(1, 32), 0)
    if basis == "IN_USE_PEAK":
        seats = dict.fromkeys(seats, max(one.peak for one in days))
    elif basis == "IN_USE_LAST_DAY":
        last = [one.in_use for one in days if one.day == date(2027, 3, 31)]
        seats = dict.fromkeys(seats, last[0] if last else 0)
    else:
        for one in days:
            in_use = one.device_days
            fixed = one.agreed if not one.is_flexible else in_use
            seats[one.day.day] = {"ORDERED": one.ordered, "AGREED": fixed, "IN_USE_DAYS": in_use}[basis]
    if unit == "SEAT_DAY":
        total = sum((Fraction(price) for number in seats.values() for _ in range(number)), Fraction())
    elif proration == "FULL_MONTH":
        total = Fraction(price) * max(seats.values())
    else:
        total = sum((Fraction(price) / 31 for number in seats.values() for _ in range(number)), Fraction())
    return floor(total + Fraction(1, 2))


@given(
    COUNTS,
    st.sampled_from(BASES),
    st.sampled_from(["SEAT_MONTH", "SEAT_DAY"]),
    st.sampled_from(["DAILY", "FULL_MONTH"]),
    st.decimals(0, 5000, places=4),
)
def test_an_amount_is_that_of_the_slow_model(counts, basis, unit, proration, price):
    days = [DayCount(date(2027, 3, number), *count) for number, count in enumerate(counts, 1)]
    terms = Terms(basis, unit, proration)
    billed = billed_of(terms, days, MARCH)
    assert amount_of(terms, billed, price, MARCH) == slow_amount(basis, unit, proration, days, price)


@given(st.integers(0, 200), st.dictionaries(st.integers(2, 150), st.integers(0, 900), max_size=4))
def test_all_seats_get_the_price_of_the_highest_tier_reached(volume, more):
    tiers = [Tier(1, Decimal(1000)), *(Tier(start, Decimal(price)) for start, price in more.items())]
    expected = Decimal(1000)
    for start in sorted(more):
        expected = Decimal(more[start]) if volume >= start else expected
    assert price_of(tiers, volume) == expected


def test_seats_of_a_category_choose_the_tier_together():
    billed = [Billed(31 * 6, 6), Billed(31 * 4, 4)]
    assert volume_of(billed, MARCH) == 10
    assert price_of([Tier(1, Decimal(300)), Tier(10, Decimal(250))], 10) == 250


def test_part_of_a_seat_rounds_the_volume_up():
    assert volume_of([Billed(1, 1)], MARCH) == 1


def test_no_tier_is_no_price():
    assert price_of([], 5) is None


def test_the_minimum_fills_up_and_no_more():
    terms = Terms("AGREED", "SEAT_MONTH", "DAILY", 1000)
    assert (minimum_rest(terms, [300, 200]), minimum_rest(terms, [1000])) == (500, 0)


def flagged(days, *, price=Decimal(1), seat_days=100, before=None, until=date(2027, 4, 1)):
    return flags_of(days=days, month=MARCH, until=until, price_minor=price, seat_days=seat_days, before=before)


@pytest.mark.parametrize(
    ("before", "flags"), [(100, []), (120, []), (84, []), (83, ["CHANGED"]), (126, ["CHANGED"]), (0, ["CHANGED"])]
)
def test_a_change_of_more_than_a_fifth_is_shown(before, flags):
    assert flagged([day()], before=before) == flags


def test_more_in_use_than_agreed_is_shown_where_something_was_agreed():
    assert flagged([day(agreed=2, in_use=3)]) == ["OVER_AGREED"]
    assert flagged([day(flexible=True, in_use=3)]) == []


def test_no_price_and_missing_days_are_shown():
    assert flagged([day(1), day(3)], price=None) == ["NO_PRICE", "DAYS_MISSING"]


def test_tiers_begin_at_one_and_do_not_repeat():
    one, two = Tier(1, Decimal(3)), Tier(2, Decimal(2))
    wrong = {"a": [two], "b": [one, one], "c": [], "d": [Tier(1, Decimal(-1))], "fine": [one, two]}
    assert tiers_fault(wrong) == ["a", "b", "c", "d"]
