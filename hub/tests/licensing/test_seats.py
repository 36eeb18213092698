"""The seat transaction: limits, idempotence, moves, releases, growth."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.models import FeedEntry
from seatkeep_hub.licensing.book import Deactivate, Release, Resume
from seatkeep_hub.licensing.models import LicenseEntry, PoolNode, Seat, SeatEvent, SeatRefusal
from seatkeep_hub.licensing.seats import seat_rename, seats_deactivate, seats_renew, seats_resume
from seatkeep_hub.licensing.suspension import company_suspend
from seatkeep_hub.licensing.transaction import Renewal
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def used(node):
    return PoolNode.objects.get(pk=node.pk).used


def test_a_device_takes_one_seat_and_keeps_it(order, node, take, apply):
    root = node(order())
    assert apply(take(root, "pc-1")) == ["new"]
    assert apply(take(root, "pc-1")) == ["held"]
    assert used(root) == 1


def test_the_same_device_twice_in_one_batch_takes_one_seat(order, node, take, apply):
    root = node(order())
    assert apply(take(root, "pc-1"), take(root, "pc-1")) == ["new", "held"]
    assert Seat.objects.count() == used(root) == 1


def test_block_gives_not_one_seat_too_many(order, node, take, apply):
    root = node(order(quantity=2))
    assert apply(*[take(root, f"pc-{n}") for n in range(4)]) == ["new", "new", "no_seat_left", "no_seat_left"]
    assert used(root) == 2


def test_a_refused_device_is_shown_until_it_gets_a_seat(order, node, take, apply):
    root = node(order(quantity=1))
    apply(take(root, "pc-1"), take(root, "pc-2"))
    apply(take(root, "pc-2"))
    assert SeatRefusal.objects.get().attempts == 2
    seat = Seat.objects.get(fingerprint="pc-1")
    apply(Deactivate(seat.uid), take(root, "pc-2"))
    assert not SeatRefusal.objects.exists()


def test_allow_protects_a_new_machine_beyond_the_ordered_seats(order, node, take, apply):
    root = node(order(quantity=1, overuse="ALLOW_AND_ALERT"))
    assert apply(take(root, "pc-1"), take(root, "pc-2")) == ["new", "new"]
    assert used(root) == 2


def test_auto_grow_orders_what_is_used_up_to_its_ceiling(order, node, take, apply):
    license = order(quantity=1, overuse="AUTO_GROW", grow_ceiling=3)
    codes = apply(*[take(node(license), f"pc-{n}") for n in range(4)])
    license.refresh_from_db()
    assert codes == ["new", "new", "new", "no_seat_left"]
    assert license.quantity == 3
    assert [(one.kind, one.quantity_before, one.quantity) for one in LicenseEntry.objects.order_by("number")] == [
        ("ORDER", 0, 1),
        ("AUTO_GROW", 1, 3),
    ]


def test_products_of_a_bundle_count_apart(order, node, take, apply):
    license = order(quantity=1)
    server = node(license, product="endpoint-server")
    assert apply(take(node(license), "pc-1"), take(server, "pc-1")) == ["new", "new"]


def test_a_customers_seat_counts_at_the_customer_and_the_license(order, node, take, apply, customer):
    license = order()
    apply(take(node(license, customer), "pc-1"))
    assert (used(node(license, customer)), used(node(license))) == (1, 1)


def test_a_ticket_for_another_customer_moves_the_seat(order, node, take, apply, customer, other, now):
    license = order()
    here, there = node(license, customer), node(license, other)
    apply(take(here, "pc-1"))
    later = now + timedelta(seconds=5)
    assert apply(take(there, "pc-1", at=later), at=later) == ["held"]
    assert (used(here), used(there), used(node(license))) == (0, 1, 1)


def test_a_new_key_of_the_same_device_replaces_the_old_one(order, node, take, apply, now):
    root = node(order())
    apply(take(root, "pc-1"))
    later = now + timedelta(hours=1)
    assert apply(take(root, "pc-1", key="reinstalled", at=later), at=later) == ["held"]
    seat = Seat.objects.get()
    renewal = Renewal(seat.uid, "key-of-pc-1".ljust(43, "0"), 1)
    assert [one.code for one in seats_renew(renewals=[renewal], now=later)] == ["device_replaced"]


def test_attack_an_activation_replayed_after_the_key_was_replaced(order, node, take, apply, now):
    root, later = node(order()), now + timedelta(seconds=30)
    first = take(root, "pc-1")
    apply(first)
    apply(take(root, "pc-1", key="new", at=later), at=later)
    assert apply(first, at=later + timedelta(seconds=10)) == ["replayed"]


def test_attack_an_activation_replayed_after_protection_was_stopped(order, node, take, apply, now):
    root, later = node(order()), now + timedelta(seconds=30)
    first = take(root, "pc-1")
    apply(first)
    apply(Deactivate(Seat.objects.get().uid), at=later)
    assert apply(first, at=later + timedelta(seconds=10)) == ["replayed"]
    assert used(root) == 0


def test_attack_a_release_replayed_after_the_device_came_back(order, node, take, apply, now):
    root = node(order())
    apply(take(root, "pc-1"))
    seat = Seat.objects.get()
    minute = now + timedelta(minutes=1)
    release = Release(seat.uid, seat.key_thumbprint, minute)
    back = minute + timedelta(seconds=20)
    assert apply(release, at=minute) == ["released"]
    assert apply(take(root, "pc-1", at=back), at=back) == ["new"]
    assert apply(release, at=back + timedelta(seconds=5)) == ["replayed"]


def test_attack_a_release_by_another_devices_key(order, node, take, apply, now):
    apply(take(node(order()), "pc-1"))
    assert apply(Release(Seat.objects.get().uid, "x" * 43, now)) == ["device_replaced"]


def test_releasing_twice_changes_nothing_the_second_time(order, node, take, apply, now):
    root = node(order())
    apply(take(root, "pc-1"))
    seat = Seat.objects.get()
    release = Release(seat.uid, seat.key_thumbprint, now)
    assert apply(release, release) == ["released", "unchanged"]
    assert used(root) == 0


def test_stopping_protection_is_at_once_and_can_be_undone_for_a_day(order, node, take, apply, actor, now):
    root = node(order())
    apply(take(root, "pc-1"), take(root, "pc-2"))
    uids = list(Seat.objects.values_list("uid", flat=True))
    assert seats_deactivate(actor=actor, seat_uids=uids, now=now) == 2
    assert seats_deactivate(actor=actor, seat_uids=uids, now=now) == 0
    assert used(root) == 0
    day = now + timedelta(hours=24)
    assert [one.code for one in seats_resume(actor=actor, seat_uids=uids[:1], now=day)] == ["resumed"]
    late = day + timedelta(seconds=1)
    assert [one.code for one in seats_resume(actor=actor, seat_uids=uids[1:], now=late)] == ["undo_over"]
    assert AuditEntry.objects.filter(action="seat:deactivate").count() == 2


def test_resuming_needs_a_free_seat_again(order, node, take, apply, now):
    root = node(order(quantity=1))
    apply(take(root, "pc-1"))
    seat = Seat.objects.get()
    apply(Deactivate(seat.uid), take(root, "pc-2"))
    assert apply(Resume(seat.uid)) == ["no_seat_left"]


def test_releasing_one_seat_never_ages_anothers_lease(order, node, take, apply):
    root = node(order())
    apply(take(root, "pc-1"), take(root, "pc-2"))
    apply(Deactivate(Seat.objects.get(fingerprint="pc-1").uid))
    assert Seat.objects.get(fingerprint="pc-2").epoch == 1
    assert PoolNode.objects.get(pk=root.pk).epoch == 1


def test_renewal_counts_up_and_survives_a_restored_hub(order, node, take, apply, now):
    apply(take(node(order()), "pc-1"))
    seat = Seat.objects.get()
    answers = [
        seats_renew(renewals=[Renewal(seat.uid, seat.key_thumbprint, seq)], now=now)[0].lease.seq for seq in (1, 2, 40)
    ]
    assert answers == [2, 3, 41]


def test_an_unknown_seat_is_recreated_from_its_lease(order, node, take, apply):
    root, uid = node(order()), uuid4()
    assert apply(take(root, "pc-1", seat_uid=uid, seq=7)) == ["new"]
    seat = Seat.objects.get()
    assert (seat.uid, seat.seq) == (uid, 8)
    assert SeatEvent.objects.get().kind == "RECREATED"


def test_attack_an_old_lease_revives_a_stopped_seat(order, node, take, apply, now):
    root = node(order())
    apply(take(root, "pc-1"))
    seat = Seat.objects.get()
    apply(Deactivate(seat.uid))
    later = now + timedelta(hours=1)
    assert apply(take(root, "pc-1", seat_uid=seat.uid, seq=9, at=later), at=later) == ["seat_released"]


def test_a_suspended_company_hits_its_share_only(order, node, take, apply, customer, other, actor, now):
    license = order()
    mine, theirs = node(license, customer), node(license, other)
    company_suspend(actor=actor, company=customer, now=now)
    assert apply(take(mine, "pc-1"), take(theirs, "pc-2")) == ["company_suspended", "new"]


def test_an_expired_license_is_over_at_its_instant(order, node, take, apply, now):
    root = node(order(expires_at=now + timedelta(days=1)))
    end = now + timedelta(days=1)
    just_before = end - timedelta(microseconds=1)
    assert apply(take(root, "pc-1"), at=just_before) == ["new"]
    assert apply(take(root, "pc-2"), at=end) == ["license_expired"]


def test_a_promise_to_one_customer_is_kept_from_the_others(order, node, take, apply, customer, other, actor, now):
    license = order(quantity=3)
    agreement_set(
        actor=actor,
        license=license,
        product_code="endpoint-workstation",
        company=customer,
        mode="FIXED",
        quantity=2,
        now=now,
    )
    theirs, mine = node(license, other), node(license, customer)
    assert apply(take(theirs, "b-1"), take(theirs, "b-2")) == ["new", "no_seat_left"]
    assert apply(take(mine, "a-1"), take(mine, "a-2"), take(mine, "a-3")) == ["new", "new", "no_seat_left"]


def test_the_belt_holds_even_when_the_code_errs(order, node):
    root = node(order(quantity=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        PoolNode.objects.filter(pk=root.pk).update(used=2)


def test_every_change_is_in_the_journal_and_the_feed(order, node, take, apply, customer):
    share = node(order(), customer)
    FeedEntry.objects.all().delete()
    apply(take(share, "pc-1"))
    event = SeatEvent.objects.get()
    assert (event.kind, event.delta, event.node_id, event.actor) == ("TAKEN", 1, share.pk, "tests")
    assert list(FeedEntry.objects.values_list("kind", "uid")) == [("node", share.uid)]


def test_renaming_shows_the_given_name(order, node, take, apply, actor, now):
    apply(take(node(order()), "pc-1"))
    seat = seat_rename(actor=actor, seat=Seat.objects.get(), name="Reception", now=now)
    assert (seat.shown_name, SeatEvent.objects.filter(kind="RENAMED").count()) == ("Reception", 1)


def test_nobody_is_woken_when_no_manager_has_anything_to_read(order, node, take, apply, customer):
    license = order()
    root, share = node(license), node(license, customer)
    assert not notifies(lambda: apply(take(root, "pc-1")))
    assert notifies(lambda: apply(take(share, "pc-2")))
    assert notifies(lambda: apply(Deactivate(Seat.objects.get(fingerprint="pc-1").uid)))


def notifies(act):
    with CaptureQueriesContext(connection) as queries:
        act()
    return any("pg_notify" in one["sql"] for one in queries)
