"""Several products at once, terms of use, upgrades, acts on many, keys, and the way out of a trial."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.errors import BundleNotFoundError, QuantityTooLowError
from seatkeep_hub.licensing.models import CredentialSet, License, LicenseEntry, PoolNode, Seat
from seatkeep_hub.licensing.selectors import license_usage
from seatkeep_hub.licensing.services import license_key_show, license_order
from seatkeep_hub.ordering.bulk import bulk_begin, bulk_get, bulk_run
from seatkeep_hub.ordering.errors import (
    BulkNotFoundError,
    ChangeUnavailableError,
    NotFullError,
    OrderFieldError,
    TermsNotAcceptedError,
    TermsNotFoundError,
)
from seatkeep_hub.ordering.keys import key_replace
from seatkeep_hub.ordering.models import BulkRun, TermsAcceptance
from seatkeep_hub.ordering.orders import OrderLine, SeatLine, licenses_order, seats_order
from seatkeep_hub.ordering.terms import terms_accept, terms_needed, terms_publish
from seatkeep_hub.ordering.trials import trial_remove
from seatkeep_hub.ordering.upgrades import bundle_changes, license_bundle_change

pytestmark = pytest.mark.django_db


def order(cast: Cast, *lines: OrderLine, **more: Any) -> list[License]:
    return licenses_order(actor=ACTOR, owner=cast.msp_a, lines=lines, now=NOW, **more)


def test_all_bundles_of_an_order_or_none(cast: Cast) -> None:
    made = order(cast, OrderLine("endpoint-advanced", 5), OrderLine("mail-security", 3))
    assert [one.quantity for one in made] == [5, 3]
    before = License.objects.count()
    with pytest.raises(BundleNotFoundError):
        order(cast, OrderLine("endpoint-complete", 5), OrderLine("no-such-bundle", 3))
    assert License.objects.count() == before


@pytest.mark.parametrize("lines", [[], [OrderLine("mail-security", 1), OrderLine("mail-security", 2)]])
def test_an_order_of_nothing_or_of_the_same_twice_is_refused(cast: Cast, lines: list[OrderLine]) -> None:
    with pytest.raises(OrderFieldError):
        order(cast, *lines)


def test_terms_are_accepted_once_per_version(cast: Cast) -> None:
    terms = terms_publish(actor=ACTOR, title="Mail", text="…", product_code="mail-server", now=NOW)
    with pytest.raises(TermsNotAcceptedError) as caught:
        order(cast, OrderLine("mail-security", 1))
    assert caught.value.extra["terms"] == [{"id": str(terms.uid), "title": "Mail", "version": 1}]
    order(cast, OrderLine("mail-security", 1), accepted_terms=[terms.uid])
    order(cast, OrderLine("mail-security", 1))
    assert TermsAcceptance.objects.get().actor == "test"
    newer = terms_publish(actor=ACTOR, title="Mail", text="…", product_code="mail-server", now=NOW)
    assert terms_needed(cast.msp_a, [newer.product_id or 0]) == [newer]
    order(cast, OrderLine("endpoint-protection", 1))


def test_terms_that_do_not_exist_are_not_accepted(cast: Cast) -> None:
    with pytest.raises(TermsNotFoundError):
        terms_accept(actor=ACTOR, company=cast.msp_a, terms_uids=[uuid4()], now=NOW)


def test_seats_of_several_products_raise_the_license_once(cast: Cast) -> None:
    lines = [
        SeatLine(cast.license, code, Terms("FIXED", quantity))
        for code, quantity in (("endpoint-workstation", 30), ("endpoint-server", 4))
    ]
    seats_order(actor=ACTOR, company=cast.customer, lines=lines, now=NOW)
    assert sorted(Agreement.objects.values_list("quantity", flat=True)) == [4, 30]
    assert list(LicenseEntry.objects.order_by("number").values_list("quantity", flat=True)) == [10, 30]


def test_an_upgrade_keeps_what_both_hold(cast: Cast, agree: Any, activate: Any) -> None:
    agree(quantity=3)
    activate(cast.customer, "a", "b")
    (nearest, _), downs = bundle_changes(cast.license, now=NOW)
    assert (nearest.code, downs) == ("endpoint-advanced", [])
    moved = license_bundle_change(
        actor=ACTOR, license=cast.license, bundle_code="endpoint-advanced", quantity=12, now=NOW
    )
    assert [(one.product.code, one.ordered, one.used) for one in license_usage(moved)] == [
        ("cloud-analysis", 12, 0),
        ("endpoint-mobile", 12, 0),
        ("endpoint-server", 12, 0),
        ("endpoint-workstation", 12, 2),
    ]
    entry = LicenseEntry.objects.order_by("-number").first()
    assert entry is not None
    assert (entry.kind, entry.bundle_id, entry.quantity_before, entry.quantity) == ("UPGRADE", moved.bundle_id, 10, 12)
    assert CredentialSet.objects.filter(license=moved).count() == 4
    assert BulkRun.objects.count() == 0


def test_a_downgrade_stops_what_is_gone_and_comes_back(cast: Cast, agree: Any, activate: Any) -> None:
    def move(code: str) -> License:
        return license_bundle_change(actor=ACTOR, license=cast.license, bundle_code=code, quantity=12, now=NOW)

    move("endpoint-advanced")
    agree(quantity=2, product="endpoint-mobile")
    agree(quantity=2)
    assert activate(cast.customer, "phone", product="endpoint-mobile") == ["new"]
    assert activate(cast.customer, "pc") == ["new"]
    move("endpoint-protection")
    bulk_run(uid=BulkRun.objects.get().uid, now=NOW)
    assert dict(Seat.objects.values_list("fingerprint", "state")) == {"phone": "DEACTIVATED", "pc": "ACTIVE"}
    assert activate(cast.customer, "phone-2", product="endpoint-mobile") == ["product_not_in_license"]
    assert Agreement.objects.get(product__code="endpoint-mobile").closed_at == NOW
    move("endpoint-complete")
    agree(quantity=1, product="endpoint-mobile")
    assert activate(cast.customer, "phone-2", product="endpoint-mobile") == ["new"]
    kinds = LicenseEntry.objects.exclude(kind="QUANTITY").order_by("number").values_list("kind", flat=True)
    assert list(kinds) == ["ORDER", "UPGRADE", "DOWNGRADE", "UPGRADE"]


def test_fewer_than_in_use_is_not_moved_to(cast: Cast, activate: Any) -> None:
    activate(cast.msp_a, "a", "b", "c")
    with pytest.raises(QuantityTooLowError):
        license_bundle_change(actor=ACTOR, license=cast.license, bundle_code="endpoint-advanced", quantity=2, now=NOW)
    assert License.objects.get().bundle.code == "endpoint-protection"


@pytest.mark.parametrize("code", ["mail-security", "endpoint-protection", "nothing"])
def test_only_another_tier_of_the_category_is_moved_to(cast: Cast, code: str) -> None:
    with pytest.raises(ChangeUnavailableError):
        license_bundle_change(actor=ACTOR, license=cast.license, bundle_code=code, quantity=10, now=NOW)


def trial_of(cast: Cast) -> License:
    return license_order(
        actor=ACTOR, owner=cast.msp_a, bundle_code="endpoint-protection", kind=LicenseKind.TRIAL, quantity=5, now=NOW
    )


def test_a_trial_is_not_moved(cast: Cast) -> None:
    with pytest.raises(NotFullError):
        license_bundle_change(actor=ACTOR, license=trial_of(cast), bundle_code="endpoint-advanced", quantity=5, now=NOW)


def test_a_trial_is_removed_once(cast: Cast) -> None:
    trial = trial_of(cast)
    removed = trial_remove(actor=ACTOR, license=trial, now=NOW)
    assert removed.cancelled_at == NOW
    assert trial_remove(actor=ACTOR, license=removed, now=NOW + timedelta(days=1)).cancelled_at == NOW


def test_a_replaced_key_stops_computers_on_wish_only(cast: Cast, activate: Any) -> None:
    activate(cast.msp_a, "a", "b")
    old = license_key_show(actor=ACTOR, license=cast.license, now=NOW)
    usernames = set(CredentialSet.objects.values_list("username", flat=True))
    kept = key_replace(actor=ACTOR, license=cast.license, now=NOW)
    assert (kept.run, kept.key != old, Seat.objects.filter(state="ACTIVE").count()) == (None, True, 2)
    assert usernames.isdisjoint(CredentialSet.objects.values_list("username", flat=True))
    ended = key_replace(actor=ACTOR, license=cast.license, ends_leases=True, now=NOW)
    assert ended.run is not None
    done = bulk_run(uid=ended.run.uid, now=NOW)
    assert (done.state, done.succeeded, Seat.objects.filter(state="ACTIVE").count()) == ("FINISHED", 2, 0)
    assert PoolNode.objects.get(license=cast.license, kind="ROOT", product__code="endpoint-workstation").used == 0


def test_each_item_says_what_became_of_it(cast: Cast) -> None:
    others = order(cast, OrderLine("mail-security", 5), OrderLine("endpoint-advanced", 5))
    trial_remove(actor=ACTOR, license=(gone := trial_of(cast)), now=NOW)
    items = [others[0].uid, gone.uid, uuid4(), others[1].uid]
    run = bulk_begin(actor=ACTOR, kind="LICENSES_SUSPEND", items=items, user=cast.alice, now=NOW)
    done = bulk_run(uid=run.uid, now=NOW)
    assert [code for _, _, code, _ in done.results] == ["done", "license_state", "not_found", "done"]
    assert (done.succeeded, License.objects.exclude(suspended_at=None).count()) == (2, 2)
    assert bulk_run(uid=run.uid, now=NOW).results == done.results


def test_another_persons_act_is_not_shown(cast: Cast) -> None:
    run = bulk_begin(actor=ACTOR, kind="LICENSES_SUSPEND", items=[cast.license.uid], user=cast.alice, now=NOW)
    assert bulk_get(cast.alice, run.uid) == run
    with pytest.raises(BulkNotFoundError):
        bulk_get(cast.bob, run.uid)
