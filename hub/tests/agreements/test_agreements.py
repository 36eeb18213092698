"""Agreements: what they mean for shares, and "Change seats"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_hub.agreements.errors import AgreementCompanyError, AgreementFieldError
from seatkeep_hub.agreements.selectors import agreement_list, agreement_over
from seatkeep_hub.agreements.services import agreement_close, agreement_reopen, agreements_begin
from seatkeep_hub.companies.models import FeedEntry
from seatkeep_hub.companies.people import access_set, user_create
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.errors import LicenseStateError, NodeOwnerError, QuantityTooLowError
from seatkeep_hub.licensing.models import LicenseEntry, PoolNode
from seatkeep_hub.licensing.services import license_order, license_quantity_change
from seatkeep_hub.licensing.suspension import company_suspend, license_suspend
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def test_fixed_seats_are_held_ready(agree, customer):
    agreement = agree(customer, "FIXED", quantity=4)
    node = PoolNode.objects.get(pk=agreement.node_id)
    assert (node.reserved, node.hard_limit, node.parent.outstanding) == (4, None, 4)


def test_fixed_can_refuse_one_more(agree, activate, customer):
    agree(customer, "FIXED", quantity=1, on_exceed="REFUSE")
    assert activate(customer, "pc-1", "pc-2") == ["new", "no_seat_left"]


def test_fixed_by_default_protects_and_shows_one_more(agree, activate, customer):
    agreement = agree(customer, "FIXED", quantity=1)
    assert activate(customer, "pc-1", "pc-2") == ["new", "new"]
    agreement.node.refresh_from_db()
    assert agreement_over(agreement) == 1


def test_flexible_stops_above_its_line(agree, activate, customer):
    agree(customer, stop_above=1)
    assert activate(customer, "pc-1", "pc-2") == ["new", "no_seat_left"]


def test_change_seats_raises_the_shared_license_in_the_same_transaction(agree, license, customer, other):
    agree(customer, "FIXED", quantity=8)
    agree(other, "FIXED", quantity=5)
    license.refresh_from_db()
    entry = LicenseEntry.objects.order_by("-number").first()
    assert (license.quantity, entry.kind, entry.quantity_before, entry.number) == (13, "QUANTITY", 10, 2)


def test_a_prepaid_license_is_not_raised_by_itself(agree, msp, customer, actor, now):
    prepaid = license_order(
        actor=actor, owner=msp, bundle_code="endpoint-protection", kind="PREPAID", quantity=3, overuse="BLOCK", now=now
    )
    with pytest.raises(QuantityTooLowError) as caught:
        agree(customer, "FIXED", on=prepaid, quantity=4)
    assert caught.value.extra == {"agreed": 4}
    assert not agreement_list(actor).exists()


def test_the_license_cannot_fall_below_what_is_promised(agree, license, customer, actor, now):
    agree(customer, "FIXED", quantity=7)
    with pytest.raises(QuantityTooLowError):
        license_quantity_change(actor=actor, license=license, quantity=6, now=now)


def test_lowering_below_use_cuts_nobody_off_and_sinks_with_releases(agree, activate, license, customer, actor, now):
    from seatkeep_hub.licensing.models import Seat
    from seatkeep_hub.licensing.seats import seats_deactivate

    agree(customer)
    activate(customer, *[f"pc-{n}" for n in range(5)])
    license_quantity_change(actor=actor, license=license, quantity=3, now=now)
    root = PoolNode.objects.get(kind="ROOT", product__code="endpoint-workstation")
    assert (root.used, root.hard_limit, root.limit_wanted) == (5, 5, 3)
    seats_deactivate(actor=actor, seat_uids=list(Seat.objects.values_list("uid", flat=True)[:1]), now=now)
    assert activate(customer, "pc-new") == ["no_seat_left"]
    root.refresh_from_db()
    assert (root.used, root.hard_limit) == (4, 4)


def test_the_same_numbers_change_nothing(agree, customer):
    first = agree(customer, "FIXED", quantity=4)
    count, feed = AuditEntry.objects.count(), FeedEntry.objects.count()
    assert agree(customer, "FIXED", quantity=4).pk == first.pk
    assert (AuditEntry.objects.count(), FeedEntry.objects.count()) == (count, feed)


def test_an_agreement_keeps_its_public_id_when_it_changes(agree, customer):
    first = agree(customer, "FIXED", quantity=4)
    second = agree(customer, warn_above=5, stop_above=9)
    assert (first.pk, first.public_id) == (second.pk, second.public_id)
    assert PoolNode.objects.get(pk=second.node_id).reserved == 0


@pytest.mark.parametrize(
    ("mode", "numbers", "field"),
    [
        ("FIXED", {"quantity": 0}, "quantity"),
        ("FIXED", {"quantity": 1_000_001}, "quantity"),
        ("FIXED", {"quantity": 1, "stop_above": 3}, "stop_above"),
        ("FLEXIBLE", {"quantity": 3}, "quantity"),
        ("FLEXIBLE", {"warn_above": 9, "stop_above": 3}, "warn_above"),
        ("FLEXIBLE", {"stop_above": -1}, "stop_above"),
    ],
)
def test_wrong_numbers_name_the_field(agree, customer, mode, numbers, field):
    with pytest.raises(AgreementFieldError) as caught:
        agree(customer, mode, **numbers)
    assert list(caught.value.fields) == [field]


def test_a_strangers_customer_gets_no_share(agree, make, vendor):
    stranger = make("MSP", vendor, "Charlie IT")
    with pytest.raises(NodeOwnerError):
        agree(make("CUSTOMER", stranger, "Elsewhere"))


def test_no_agreement_with_a_suspended_customer(agree, customer, actor, now):
    company_suspend(actor=actor, company=customer, now=now)
    with pytest.raises(AgreementCompanyError):
        agree(customer)


def test_no_agreement_on_a_suspended_license(agree, license, customer, actor, now):
    license_suspend(actor=actor, license=license, now=now)
    with pytest.raises(LicenseStateError):
        agree(customer)


def test_a_closed_agreement_takes_nobody_and_gives_its_promise_back(agree, activate, customer, actor, now):
    agreement = agree(customer, "FIXED", quantity=4)
    agreement_close(actor=actor, agreement=agreement, now=now)
    agreement_close(actor=actor, agreement=agreement, now=now)
    root = PoolNode.objects.get(kind="ROOT", product__code="endpoint-workstation")
    assert (root.outstanding, activate(customer, "pc-1")) == (0, ["product_not_in_license"])
    agreement_reopen(actor=actor, agreement=agreement, now=now)
    assert activate(customer, "pc-1") == ["new"]


def test_attack_a_sibling_reads_an_agreement(agree, customer, other, actor, now):
    agree(customer)
    charlie = user_create(actor=actor, company=other, email="charlie@fabrikam.example", name="Charlie", now=now)
    access_set(actor=actor, user=charlie, company=other, level="WRITE", now=now)
    assert not agreement_list(charlie).exists()


def node(number: int, path: list[int], reserved: int = 0, limit: int | None = None) -> rules.Node:
    from uuid import UUID

    kind = "ROOT" if len(path) == 1 else "CUSTOMER"
    return rules.Node(number, UUID(int=number), 1, 1, path, kind, reserved, 0, 0, limit, False, False, 1, UUID(int=0))


@given(
    promises=st.lists(st.integers(0, 6), min_size=3, max_size=3),
    limit=st.none() | st.integers(0, 12),
    steps=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=60),
)
def test_counters_always_follow_from_the_leaves(promises, limit, steps):
    root = node(1, [1], limit=limit)
    leaves = [node(number + 2, [1, number + 2]) for number in range(3)]
    for leaf, reserved in zip(leaves, promises, strict=True):
        rules.promise([leaf, root], reserved)
    for index, is_take in steps:
        path = [leaves[index], root]
        if is_take and rules.has_room(path):
            rules.shift(path, +1)
        elif not is_take and leaves[index].used:
            rules.shift(path, -1)
        assert root.used == sum(leaf.used for leaf in leaves)
        assert root.outstanding == sum(max(leaf.reserved - leaf.used, 0) for leaf in leaves)
        assert limit is None or root.used <= limit


@given(promises=st.lists(st.integers(0, 4), min_size=3, max_size=3), takes=st.lists(st.integers(0, 2), max_size=30))
def test_a_promise_is_always_kept_when_the_license_covers_all(promises, takes):
    root = node(1, [1], limit=12)
    leaves = [node(number + 2, [1, number + 2]) for number in range(3)]
    for leaf, reserved in zip(leaves, promises, strict=True):
        rules.promise([leaf, root], reserved)
    for index in takes:
        if rules.has_room([leaves[index], root]):
            rules.shift([leaves[index], root], +1)
    for leaf in leaves:
        while leaf.used < leaf.reserved:
            assert rules.has_room([leaf, root])
            rules.shift([leaf, root], +1)


def test_a_new_customer_of_one_license_can_take_seats_at_once(license, activate, customer, actor, now):
    begun = agreements_begin(actor=actor, company=customer, now=now)
    assert {one.mode for one in begun} == {"FLEXIBLE"}
    assert activate(customer, "pc-1") == ["new"]


def test_what_is_agreed_already_is_left_alone(agree, customer, actor, now):
    agree(customer, "FIXED", quantity=4)
    assert agreements_begin(actor=actor, company=customer, now=now) == []


def test_of_two_licenses_a_person_chooses(license, msp, customer, actor, now):
    license_order(actor=actor, owner=msp, bundle_code="endpoint-protection", kind="MSP", quantity=3, now=now)
    assert agreements_begin(actor=actor, company=customer, now=now) == []
