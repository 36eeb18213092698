"""Daily usage and off-boarding."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from seatkeep_hub.agreements.errors import OffboardDatesError, OffboardEarlyError, OffboardNotFoundError
from seatkeep_hub.agreements.models import Agreement, UsageDay
from seatkeep_hub.agreements.offboarding import company_offboard, company_return, offboarding_get, offboarding_run
from seatkeep_hub.agreements.services import agreement_close
from seatkeep_hub.agreements.usage import usage_day_record, usage_today_count, usage_totals
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_update
from seatkeep_hub.licensing.models import PoolNode, Seat
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_webkit.errors import RateLimitedError

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 22)


def of(company, day=DAY):
    return UsageDay.objects.get(buyer=company, day=day, node__kind="CUSTOMER")


def at(hour, day=22):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def stop(actor, now, *names):
    uids = Seat.objects.filter(fingerprint__in=names).values_list("uid", flat=True)
    seats_deactivate(actor=actor, seat_uids=list(uids), now=now)


def test_ordered_agreed_in_use_and_peak_stand_side_by_side(agree, activate, customer, msp, actor):
    agree(customer, "FIXED", quantity=4)
    activate(customer, "a", "b", "c", at=at(13))
    stop(actor, at(15), "b", "c")
    usage_day_record(day=DAY, now=at(1, day=23))
    row = of(customer)
    assert (row.ordered, row.agreed, row.in_use, row.peak, row.seller_id) == (10, 4, 1, 3, msp.pk)


def test_today_is_counted_for_one_company_when_asked(agree, activate, customer, other, now):
    agree(customer)
    agree(other)
    activate(customer, "a", at=now)
    usage_today_count(company=customer, now=now)
    assert (of(customer).in_use, UsageDay.objects.exclude(buyer=customer).count()) == (1, 0)


def test_attack_counting_again_and_again_is_stopped(agree, customer, now):
    agree(customer)
    for _ in range(12):
        usage_today_count(company=customer, now=now)
    with pytest.raises(RateLimitedError):
        usage_today_count(company=customer, now=now)


def test_a_late_or_repeated_run_gives_the_same_numbers(agree, activate, customer, actor):
    agree(customer)
    activate(customer, "a", "b", at=at(13))
    usage_day_record(day=DAY, now=at(1, day=23))
    first = (of(customer).in_use, of(customer).peak)
    activate(customer, "c", at=at(9, day=23))
    stop(actor, at(10, day=23), "a", "b", "c")
    usage_day_record(day=DAY, now=at(11, day=23))
    assert (of(customer).in_use, of(customer).peak) == first == (2, 2)


def test_the_day_ends_at_midnight_of_the_owners_zone(agree, activate, customer, msp, actor, now):
    company_update(actor=actor, company=msp, now=now, time_zone="America/Los_Angeles")
    agree(customer)
    activate(customer, "a", at=at(7, day=23))  # 23:00 of the 22nd there
    stop(actor, at(9, day=23), "a")  # 01:00 of the 23rd
    for day in (DAY, date(2026, 11, 23)):
        usage_day_record(day=day, now=at(23, day=23))
    assert (of(customer).in_use, of(customer, date(2026, 11, 23)).in_use) == (1, 0)


def test_totals_are_of_visible_customers_only(agree, activate, customer, other, actor, now):
    agree(customer)
    agree(other)
    activate(customer, "a", at=at(13))
    usage_day_record(day=DAY, now=at(23))
    charlie = user_create(actor=actor, company=other, email="charlie@fabrikam.example", name="Charlie", now=now)
    access_set(actor=actor, user=charlie, company=other, level="READ", now=now)
    totals = usage_totals(charlie, first=DAY, last=DAY)
    assert [(one.buyer, one.seat_days) for one in totals] == [("Fabrikam", 0)]


@pytest.fixture
def offboard(actor, now):
    def call(company):
        return company_offboard(actor=actor, company=company, last_day=DAY, protect_until=DAY, bill_until=DAY, now=now)

    return call


def test_offboarding_releases_seats_closes_agreements_and_removes(agree, activate, customer, other, offboard, now):
    agree(customer, "FIXED", quantity=3)
    agree(other)
    activate(customer, "a", "b")
    activate(other, "c")
    job = offboarding_run(uid=offboard(customer).uid, now=now)
    customer.refresh_from_db()
    assert (job.state, job.done, job.total, customer.status) == ("FINISHED", 2, 2, "REMOVED")
    assert Seat.objects.get(state="ACTIVE").fingerprint == "c"
    assert Agreement.objects.get(company=customer).closed_at == now
    root = PoolNode.objects.get(kind="ROOT", product__code="endpoint-workstation")
    assert (root.used, root.outstanding) == (1, 0)


def test_offboarding_again_or_after_a_crash_goes_on(agree, activate, customer, offboard, now):
    agree(customer)
    activate(customer, "a")
    job = offboard(customer)
    assert offboard(customer).pk == job.pk
    offboarding_run(uid=job.uid, now=now)
    assert offboarding_run(uid=job.uid, now=now).done == 1


def test_a_customer_that_returns_has_its_history_and_agreements(agree, activate, customer, offboard, actor, now):
    before = agree(customer, "FIXED", quantity=3)
    activate(customer, "a")
    offboarding_run(uid=offboard(customer).uid, now=now)
    later = now + timedelta(days=40)
    returned = company_return(actor=actor, company=customer, now=later)
    after = Agreement.objects.get(company=customer)
    assert (returned.status, after.public_id, after.quantity, after.closed_at) == ("ACTIVE", before.public_id, 3, None)
    assert activate(customer, "a", at=later) == ["new"]


def test_protection_cannot_end_before_the_contract(customer, actor, now):
    with pytest.raises(OffboardDatesError):
        company_offboard(
            actor=actor, company=customer, last_day=DAY, protect_until=DAY - timedelta(days=1), bill_until=DAY, now=now
        )


def test_seats_are_not_released_before_their_day(customer, actor, now):
    tomorrow = DAY + timedelta(days=1)
    with pytest.raises(OffboardEarlyError):
        company_offboard(
            actor=actor, company=customer, last_day=DAY, protect_until=tomorrow, bill_until=tomorrow, now=now
        )


def test_what_was_agreed_counts_through_the_last_billed_day(agree, activate, customer, actor, now):
    agree(customer, "FIXED", quantity=3)
    activate(customer, "a")
    last = DAY + timedelta(days=2)
    job = company_offboard(actor=actor, company=customer, last_day=DAY, protect_until=DAY, bill_until=last, now=now)
    offboarding_run(uid=job.uid, now=now)
    days = [DAY + timedelta(days=number) for number in range(1, 4)]
    for day in days:
        usage_day_record(day=day, now=now + timedelta(days=4))
    rows = UsageDay.objects.filter(day__in=days, buyer=customer, product__code="endpoint-workstation").order_by("day")
    assert [(row.day, row.agreed, row.in_use) for row in rows] == [(days[0], 3, 0), (days[1], 3, 0)]


def test_a_customer_that_returned_pays_for_its_agreement_only_once_it_left_again(agree, customer, actor, now):
    agree(customer, "FIXED", quantity=3)
    last = DAY + timedelta(days=9)
    job = company_offboard(actor=actor, company=customer, last_day=DAY, protect_until=DAY, bill_until=last, now=now)
    offboarding_run(uid=job.uid, now=now)
    company_return(actor=actor, company=customer, now=now + timedelta(days=1))
    agreement_close(actor=actor, agreement=Agreement.objects.get(company=customer), now=now + timedelta(days=2))
    day = DAY + timedelta(days=4)
    usage_day_record(day=day, now=now + timedelta(days=5))
    assert not UsageDay.objects.filter(day=day, buyer=customer).exists()


def test_attack_a_sibling_asks_for_the_job(agree, customer, other, offboard, actor, now):
    job = offboard(customer)
    charlie = user_create(actor=actor, company=other, email="charlie@fabrikam.example", name="Charlie", now=now)
    access_set(actor=actor, user=charlie, company=other, level="WRITE", now=now)
    with pytest.raises(OffboardNotFoundError):
        offboarding_get(charlie, job.uid)
