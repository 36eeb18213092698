"""Days of usage: whole, repeatable, made up for after downtime, right in every zone and at each level of the tree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from seatkeep_hub.agreements.models import AgreementEntry, UsageDay, UsageRun
from seatkeep_hub.agreements.services import agreement_close
from seatkeep_hub.agreements.usage import usage_day_record, usage_days_record, usage_list, usage_run
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.companies.services import company_move, company_update
from seatkeep_hub.licensing.models import LicenseEntry, Seat
from seatkeep_hub.licensing.seats import seats_deactivate, seats_resume
from seatkeep_hub.licensing.services import license_quantity_change
from seatkeep_hub.licensing.suspension import license_suspend, license_unsuspend

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 22)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def row(buyer, day=DAY, **more):
    return UsageDay.objects.get(buyer=buyer, day=day, product__code="endpoint-workstation", **more)


def stop(actor, now, *names):
    uids = Seat.objects.filter(fingerprint__in=names).values_list("uid", flat=True)
    seats_deactivate(actor=actor, seat_uids=list(uids), now=now)


def test_a_device_that_comes_and_goes_and_comes_counts_one_day(agree, activate, customer, actor):
    agree(customer)
    activate(customer, "a", at=at("2026-11-22T13:00"))
    stop(actor, at("2026-11-22T14:00"), "a")
    uid = Seat.objects.get(fingerprint="a").uid
    seats_resume(actor=actor, seat_uids=[uid], now=at("2026-11-22T15:00"))
    stop(actor, at("2026-11-22T16:00"), "a")
    usage_day_record(day=DAY, now=at("2026-11-23T01:00"))
    found = row(customer)
    assert (found.device_days, found.in_use, found.peak) == (1, 0, 1)


def test_each_level_has_its_row_and_a_device_counts_once_in_lists(agree, activate, customer, msp, vendor, actor, now):
    agree(customer, "FIXED", quantity=4)
    activate(customer, "a", "b", at=at("2026-11-22T13:00"))
    usage_day_record(day=DAY, now=at("2026-11-23T01:00"))
    whole = row(msp, seller=vendor)
    assert (whole.ordered, whole.agreed, whole.in_use, whole.device_days, whole.is_direct) == (10, 10, 2, 2, False)
    assert row(customer, seller=msp).agreed == 4
    diana = user_create(actor=actor, company=vendor, email="diana@example.com", name="Diana", now=now)
    access_set(actor=actor, user=diana, company=vendor, level="READ", now=now)
    assert sum(one.in_use for one in usage_list(diana, first=DAY, last=DAY)) == 2


def test_a_managed_msp_stands_between_its_manager_and_the_customer(make, vendor, actor):
    from seatkeep_hub.agreements.services import agreement_set
    from seatkeep_hub.licensing.services import license_order

    manager = make("MSP_MANAGER", vendor, "Manager")
    managed = make("MANAGED_MSP", manager, "Managed")
    shop = make("CUSTOMER", managed, "Shop")
    shared = license_order(
        actor=actor, owner=manager, bundle_code="endpoint-protection", kind="MSP", quantity=9,
        now=at("2026-11-22T12:00"),
    )  # fmt: skip
    agreement_set(
        actor=actor, license=shared, product_code="endpoint-workstation", company=shop, mode="FIXED", quantity=3,
        now=at("2026-11-22T12:00"),
    )  # fmt: skip
    usage_day_record(day=DAY, now=at("2026-11-23T01:00"))
    sold = UsageDay.objects.filter(product__code="endpoint-workstation").exclude(seller=vendor)
    edges = {(one.seller.name, one.buyer.name, one.agreed) for one in sold if one.seller_id != one.buyer_id}
    assert edges == {("Manager", "Managed", 3), ("Managed", "Shop", 3)}


def test_the_past_is_read_from_the_ledgers_not_from_the_present(agree, activate, customer, license, actor):
    agree(customer, "FIXED", quantity=4)
    later = at("2026-11-25T12:00")
    agree(customer, "FIXED", quantity=6)
    license_quantity_change(actor=actor, license=license, quantity=20, now=later)
    usage_day_record(day=DAY, now=later)
    usage_day_record(day=date(2026, 11, 25), now=later)
    assert [(row(customer, day).ordered, row(customer, day).agreed) for day in (DAY, date(2026, 11, 25))] == [
        (10, 6),
        (20, 6),
    ]


def test_a_suspended_license_counts_through_the_day_of_its_suspension(agree, customer, license, actor):
    agree(customer)
    license_suspend(actor=actor, license=license, now=at("2026-11-23T10:00"))
    license_unsuspend(actor=actor, license=license, now=at("2026-11-26T10:00"))
    usage_days_record(first=DAY, last=date(2026, 11, 26), now=at("2026-11-27T01:00"))
    days = [row(customer, DAY + timedelta(days=number)) for number in range(5)]
    assert [(one.ordered, one.is_paused) for one in days] == [
        (10, False), (10, False), (0, True), (0, True), (10, False)
    ]  # fmt: skip


def test_what_was_agreed_ends_with_the_day_before_it_was_closed(agree, customer, actor):
    agreement = agree(customer, "FIXED", quantity=4)
    agreement_close(actor=actor, agreement=agreement, now=at("2026-11-24T10:00"))
    usage_days_record(first=DAY, last=date(2026, 11, 24), now=at("2026-11-27T01:00"))
    agreed = [row(customer, DAY + timedelta(days=number)).agreed for number in range(3)]
    assert agreed == [4, 4, 0]


ZONES = [
    ("Pacific/Tongatapu", "2026-11-29T10:59", "2026-11-29T11:00"),  # UTC+13
    ("Pacific/Pago_Pago", "2026-11-30T10:59", "2026-11-30T11:00"),  # UTC-11
    ("UTC", "2026-11-29T23:59", "2026-11-30T00:00"),
]


@pytest.mark.parametrize(("zone", "last_minute", "next_day"), ZONES)
def test_a_day_ends_at_midnight_of_the_sellers_zone(
    agree, activate, customer, msp, actor, now, zone, last_minute, next_day
):
    company_update(actor=actor, company=msp, now=now, time_zone=zone)
    agree(customer)
    activate(customer, "in", at=at(last_minute))
    activate(customer, "out", at=at(next_day))
    usage_days_record(first=date(2026, 11, 29), last=date(2026, 11, 30), now=at("2026-12-02T12:00"))
    assert [row(customer, date(2026, 11, day)).in_use for day in (29, 30)] == [1, 2]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2027, 3, 28), "2027-03-27T23:00", "2027-03-28T21:59"),  # 23 hours
        (date(2027, 10, 31), "2027-10-30T22:00", "2027-10-31T22:59"),  # 25 hours
        (date(2028, 2, 29), "2028-02-28T23:00", "2028-02-29T22:59"),
        (date(2026, 12, 31), "2026-12-30T23:00", "2026-12-31T22:59"),
    ],
)
def test_short_long_and_rare_days_take_in_their_first_and_last_minute(
    agree, activate, customer, msp, actor, now, day, first, last
):
    company_update(actor=actor, company=msp, now=now, time_zone="Europe/Berlin")
    agree(customer)
    activate(customer, "before", at=at(first) - timedelta(minutes=1))
    stop(actor, at(first) - timedelta(seconds=1), "before")
    activate(customer, "first", at=at(first))
    activate(customer, "last", at=at(last))
    activate(customer, "after", at=at(last) + timedelta(minutes=1))
    usage_days_record(first=day, last=day, now=at(last) + timedelta(days=2))
    assert (row(customer, day).device_days, row(customer, day).in_use) == (2, 2)


def test_the_job_makes_up_for_weeks_without_a_worker(agree, activate, customer):
    agree(customer)
    activate(customer, "a", at=at("2026-11-22T13:00"))
    usage_run(now=at("2026-11-22T14:00"))
    usage_run(now=at("2026-12-10T14:00"))
    days = UsageDay.objects.filter(buyer=customer, product__code="endpoint-workstation")
    assert days.count() == 19
    assert {one.in_use for one in days} == {1}


def test_days_that_were_over_at_the_last_run_are_not_written_again(agree, customer):
    agree(customer)
    usage_run(now=at("2026-11-24T14:00"))
    usage_run(now=at("2026-11-24T15:00"))
    written = dict(UsageDay.objects.filter(buyer=customer).values_list("day", "recorded_at"))
    assert written[DAY] == at("2026-11-24T14:00")
    assert written[date(2026, 11, 24)] == at("2026-11-24T15:00")


def test_a_day_that_ended_between_two_runs_is_written_whole(agree, activate, customer):
    agree(customer)
    usage_run(now=at("2026-11-22T23:07"))
    activate(customer, "late", at=at("2026-11-22T23:59"))
    usage_run(now=at("2026-11-23T00:07"))
    assert row(customer).in_use == 1


def test_the_first_run_begins_with_the_first_license(agree, customer):
    agree(customer)
    usage_run(now=at("2026-11-25T14:00"))
    assert UsageDay.objects.filter(buyer=customer).earliest("day").day == DAY
    assert UsageRun.objects.get().ran_at == at("2026-11-25T14:00")


def test_a_customer_that_moved_keeps_the_days_of_its_former_seller(make, vendor, actor):
    from seatkeep_hub.agreements.services import agreement_set
    from seatkeep_hub.licensing.services import license_order

    manager = make("MSP_MANAGER", vendor, "Manager")
    one, two = make("MANAGED_MSP", manager, "One"), make("MANAGED_MSP", manager, "Two")
    shop = make("CUSTOMER", one, "Shop")
    noon = at("2026-11-22T12:00")
    shared = license_order(
        actor=actor, owner=manager, bundle_code="endpoint-protection", kind="MSP", quantity=9, now=noon
    )
    agreement_set(
        actor=actor,
        license=shared,
        product_code="endpoint-workstation",
        company=shop,
        mode="FIXED",
        quantity=3,
        now=noon,
    )
    usage_day_record(day=DAY, now=at("2026-11-23T01:00"))
    company_move(actor=actor, company=shop, parent=two, now=at("2026-11-23T09:00"))
    usage_days_record(first=DAY, last=date(2026, 11, 23), now=at("2026-11-24T01:00"))
    sellers = UsageDay.objects.filter(buyer=shop).order_by("day").values_list("day", "seller__name").distinct()
    assert list(sellers) == [(DAY, "One"), (date(2026, 11, 23), "Two")]


def test_days_lie_in_the_partition_of_their_month(agree, customer):
    agree(customer)
    usage_days_record(first=date(2029, 1, 31), last=date(2029, 2, 1), now=at("2029-02-03T00:00"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM agreements_usageday ORDER BY 1")
        assert [name for (name,) in cursor.fetchall()] == ["agreements_usageday_202901", "agreements_usageday_202902"]


def test_the_ledgers_only_grow(agree, customer):
    from django.db import DatabaseError, transaction

    agree(customer, "FIXED", quantity=4)
    for ledger in (AgreementEntry, LicenseEntry):
        with pytest.raises(DatabaseError), transaction.atomic():
            ledger.objects.update(note="changed")
