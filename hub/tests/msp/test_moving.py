"""A customer moves to another MSP of one manager: seats, agreements, days of usage, the feed of both sides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from seatkeep_hub.agreements.feed import feed_read
from seatkeep_hub.agreements.models import Agreement, UsageDay
from seatkeep_hub.agreements.usage import usage_days_record, usage_run
from seatkeep_hub.companies.errors import CompanyMoveError, CompanyNameTakenError, CompanyStatusError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.models import PoolNode, Seat, SeatEvent
from seatkeep_hub.licensing.seats import seats_renew
from seatkeep_hub.licensing.suspension import company_suspend, license_suspend
from seatkeep_hub.licensing.transaction import Renewal
from seatkeep_hub.licensing.transfer import NoRoomError
from seatkeep_hub.msp.errors import MoveLicenseError
from seatkeep_hub.msp.moving import company_transfer, move_plan
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
ACTOR = Actor.system("tests")


def move(company, target, **more):
    return company_transfer(actor=ACTOR, company=company, target=target, now=NOW, **more)


def used(license):
    return PoolNode.objects.get(license=license, product__code="endpoint-workstation", kind="ROOT").used


@pytest.fixture
def bakery(chain, agree, activate):
    agree(chain.license_a, chain.customer, "FIXED", quantity=3)
    activate(chain.license_a, chain.customer, "till", "oven")
    return chain.customer


def test_seats_go_over_to_the_new_msps_license(chain, bakery):
    before = dict(Seat.objects.values_list("fingerprint", "uid"))
    move(bakery, chain.b)
    assert (used(chain.license_a), used(chain.license_b)) == (0, 2)
    assert dict(Seat.objects.filter(license=chain.license_b).values_list("fingerprint", "uid")) == before


def test_a_device_renews_its_seat_and_gets_the_new_license(chain, bakery):
    move(bakery, chain.b)
    seat = Seat.objects.get(fingerprint="till")
    renewal = Renewal(seat_uid=seat.uid, key_thumbprint=seat.key_thumbprint, seq=seat.seq)
    (answer,) = seats_renew(renewals=[renewal], now=NOW)
    assert (answer.code, answer.lease.license_public_id) == ("held", chain.license_b.public_id)


def test_the_same_terms_are_agreed_anew_and_the_old_agreement_closes(chain, bakery):
    move(bakery, chain.b)
    old, new = Agreement.objects.order_by("id")
    assert (old.license, old.closed_at) == (chain.license_a, NOW)
    assert (new.license, new.mode, new.quantity, new.closed_at) == (chain.license_b, "FIXED", 3, None)


def test_the_new_license_grows_for_what_was_promised(chain, bakery, agree, make):
    agree(chain.license_b, make("CUSTOMER", chain.b, "Big"), "FIXED", quantity=9)
    move(bakery, chain.b)
    chain.license_b.refresh_from_db()
    assert chain.license_b.quantity == 12


def test_every_seat_is_journaled_on_both_sides(chain, bakery):
    move(bakery, chain.b)
    lines = SeatEvent.objects.filter(kind__startswith="MOVED").order_by("id").values_list("license_id", "kind", "delta")
    a, b = chain.license_a.pk, chain.license_b.pk
    assert sorted(lines) == [(a, "MOVED_OUT", -1)] * 2 + [(b, "MOVED_IN", 1)] * 2


def test_days_before_the_move_stay_with_the_old_msp_and_the_day_of_it_is_the_new_ones(chain, bakery):
    usage_days_record(first=date(2026, 11, 18), last=date(2026, 11, 22), now=NOW)
    move(bakery, chain.b)
    usage_run(now=LATER)
    rows = UsageDay.objects.filter(buyer=bakery, product__code="endpoint-workstation").order_by("day", "seller_id")
    by_day = [(row.day.day, row.seller.name, row.in_use, row.agreed) for row in rows if row.in_use or row.agreed]
    assert by_day == [(day, "Partner A", 2, 3) for day in range(18, 22)] + [
        (day, "Partner B", 2, 3) for day in range(22, 26)
    ]


def test_days_that_nobody_counted_yet_are_counted_before_the_move(chain, bakery):
    move(bakery, chain.b)
    rows = UsageDay.objects.filter(buyer=bakery, seller=chain.a, in_use=2).values_list("day", flat=True)
    assert sorted(set(rows)) == [date(2026, 11, day) for day in range(18, 22)]


def test_counting_again_changes_no_day_before_the_move(chain, bakery):
    move(bakery, chain.b)
    usage_days_record(first=date(2026, 11, 18), last=date(2026, 11, 25), now=LATER)
    sellers = UsageDay.objects.filter(buyer=bakery, day__lt=date(2026, 11, 22)).values_list("seller__name", flat=True)
    assert set(sellers) == {"Partner A"}


def test_below_one_shared_license_only_the_place_changes(chain, order, agree, activate, make):
    shared = order(chain.manager, quantity=5)
    cafe = make("CUSTOMER", chain.a, "Cafe")
    agreement = agree(shared, cafe)
    activate(shared, cafe, "bar")
    assert (move_plan(company=cafe, target=chain.b).stays, move_plan(company=cafe, target=chain.b).shares) == (1, [])
    usage_days_record(first=date(2026, 11, 18), last=date(2026, 11, 22), now=NOW)
    move(cafe, chain.b)
    usage_run(now=LATER)
    agreement.refresh_from_db()
    rows = UsageDay.objects.filter(node=agreement.node, in_use=1)
    assert agreement.closed_at is None
    assert set(rows.filter(day__lt=date(2026, 11, 22), is_direct=False).values_list("buyer__name", flat=True)) == {
        "Partner A"
    }
    assert set(rows.filter(day__gte=date(2026, 11, 22), is_direct=False).values_list("buyer__name", flat=True)) == {
        "Partner B"
    }
    assert rows.filter(is_direct=True).values("day").distinct().count() == rows.filter(is_direct=True).count() == 8


def test_the_old_side_loses_company_and_shares_and_the_new_side_gets_them(chain, bakery):
    at = {one.pk: feed_read(scope=one, cursor=None, limit=1000, now=NOW).cursor for one in (chain.a, chain.b)}
    move(bakery, chain.b)
    left = feed_read(scope=chain.a, cursor=at[chain.a.pk], limit=1000, now=NOW).items
    come = feed_read(scope=chain.b, cursor=at[chain.b.pk], limit=1000, now=NOW).items
    gone = {(item["kind"], item["deleted"]) for item in left if item["kind"] != "license"}
    assert gone == {("company", True), ("node", True)}
    assert {(one["kind"], one.get("used")) for one in come if not one["deleted"] and one["kind"] != "license"} == {
        ("company", None),
        ("node", 2),
    }


def test_back_again_with_an_old_row_of_the_same_device_in_the_way(chain, bakery, activate, make, agree):
    elsewhere = make("CUSTOMER", chain.b, "Elsewhere")
    agree(chain.license_b, elsewhere)
    activate(chain.license_b, elsewhere, "till")
    Seat.objects.filter(license=chain.license_b).update(state="RELEASED", ended_at=NOW)
    PoolNode.objects.filter(license=chain.license_b).update(used=0)
    move(bakery, chain.b)
    move(Company.objects.get(pk=bakery.pk), chain.a)
    assert Seat.objects.filter(license=chain.license_a, state="ACTIVE").count() == 2
    assert (used(chain.license_a), used(chain.license_b)) == (2, 0)


def test_a_device_that_is_there_already_keeps_one_seat(chain, bakery, activate, make, agree):
    elsewhere = make("CUSTOMER", chain.b, "Elsewhere")
    agree(chain.license_b, elsewhere)
    activate(chain.license_b, elsewhere, "till")
    move(bakery, chain.b)
    assert (used(chain.license_a), used(chain.license_b)) == (0, 2)
    assert Seat.objects.get(license=chain.license_a).state == "RELEASED"


def test_what_stays_where_it_is_is_left_alone(chain, bakery):
    before = AuditEntry.objects.count()
    assert move(bakery, chain.a).parent_id == chain.a.pk
    assert AuditEntry.objects.count() == before


def test_a_move_is_in_the_journal(chain, bakery):
    move(bakery, chain.b)
    entry = AuditEntry.objects.get(action="company:transfer")
    assert (entry.subject_id, entry.details) == (str(bakery.uid), {"rows": 1, "seats": 2})


def test_without_a_license_there_nothing_moves(chain, bakery):
    license_suspend(actor=ACTOR, license=chain.license_b, now=NOW)
    assert move_plan(company=bakery, target=chain.b).refusal == "move_no_license"
    with pytest.raises(MoveLicenseError):
        move(bakery, chain.b)
    bakery.refresh_from_db()
    assert (bakery.parent_id, used(chain.license_a)) == (chain.a.pk, 2)


def test_with_two_licenses_there_one_is_to_be_named(chain, bakery, order):
    second = order(chain.b)
    assert move_plan(company=bakery, target=chain.b).refusal == "move_choose_license"
    with pytest.raises(MoveLicenseError) as caught:
        move(bakery, chain.b)
    assert caught.value.error_code == "move_choose_license"
    move(bakery, chain.b, license=second)
    assert used(second) == 2


def test_a_limit_that_is_too_small_refuses_all_of_it(chain, agree, activate, make, order):
    small = make("MANAGED_MSP", chain.manager, "Small")
    order(small, quantity=1, overuse="BLOCK")
    agree(chain.license_a, chain.customer)
    activate(chain.license_a, chain.customer, "till", "oven")
    assert move_plan(company=chain.customer, target=small).shares[0].missing == 1
    with pytest.raises(NoRoomError) as caught:
        move(chain.customer, small)
    assert caught.value.extra == {"missing": 1}
    assert used(chain.license_a) == 2
    assert not Agreement.objects.filter(license__owner=small).exists()


@pytest.mark.parametrize(
    ("what", "where", "reason"),
    [("customer", "elsewhere", "other_manager"), ("customer", "distributor", "kind"), ("manager", "a", "cycle")],
)
def test_places_that_cannot_be(chain, make, what, where, reason):
    other = make("MSP_MANAGER", chain.distributor, "Other manager")
    places = {"elsewhere": make("MANAGED_MSP", other, "Elsewhere"), "distributor": chain.distributor, "a": chain.a}
    company, target = getattr(chain, what), places[where]
    assert move_plan(company=company, target=target).refusal == f"move_{reason}"
    with pytest.raises(CompanyMoveError) as caught:
        move(company, target)
    assert caught.value.extra == {"reason": reason}


def test_a_name_that_is_taken_there_refuses_the_move(chain, bakery, make):
    make("CUSTOMER", chain.b, "BAKERY")
    with pytest.raises(CompanyNameTakenError):
        move(bakery, chain.b)
    assert used(chain.license_a) == 2


def test_a_suspended_customer_does_not_move(chain, bakery):
    company_suspend(actor=ACTOR, company=bakery, now=NOW)
    with pytest.raises(CompanyStatusError):
        move(bakery, chain.b)


def test_two_movers_at_once_take_each_seat_once(chain, bakery):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connections

    def one(target):
        try:
            move(bakery, target)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, [chain.b, chain.a, chain.b, chain.a]))
    assert used(chain.license_a) + used(chain.license_b) == 2
    assert Seat.objects.filter(state="ACTIVE", node__company=bakery).count() == 2
