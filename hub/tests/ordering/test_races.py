"""Several at once: a plan is done once, one trial is ordered, a run does each item once, moves lose no seat."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.errors import TrialOpenError
from seatkeep_hub.licensing.models import License, LicenseEntry, PoolNode, Seat, SeatEvent
from seatkeep_hub.licensing.services import license_order
from seatkeep_hub.ordering.bulk import bulk_begin, bulk_run
from seatkeep_hub.ordering.moving import seats_move_each
from seatkeep_hub.ordering.plans import change_plan, changes_apply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each of several threads that start together got; errors are given back."""
    barrier, results = threading.Barrier(count), [None] * count

    def one(number: int) -> None:
        try:
            barrier.wait(30)
            results[number] = work(number)
        except Exception as error:
            results[number] = error  # type: ignore[call-overload]  # the list holds what came out
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


def test_a_plan_is_done_once_by_many_workers(cast: Cast) -> None:
    change_plan(actor=ACTOR, license=cast.license, quantity=30, due_on=date(2026, 12, 1), now=NOW)
    done = at_once(4, lambda _: changes_apply(now=datetime(2026, 12, 1, tzinfo=UTC)))
    assert sum(done) == 1
    assert list(LicenseEntry.objects.order_by("number").values_list("quantity", flat=True)) == [10, 30]


def test_one_of_many_orders_gets_the_trial(cast: Cast) -> None:
    def order(_: int) -> License:
        return license_order(
            actor=ACTOR, owner=cast.msp_a, bundle_code="mail-security", kind=LicenseKind.TRIAL, quantity=1, now=NOW
        )

    kinds = Counter(type(one) for one in at_once(4, order))
    assert kinds == {License: 1, TrialOpenError: 3}


def test_a_run_does_each_item_once_by_two_workers(cast: Cast) -> None:
    run = bulk_begin(actor=ACTOR, kind="LICENSES_SUSPEND", items=[cast.license.uid] * 6, user=cast.alice, now=NOW)
    found = at_once(2, lambda _: bulk_run(uid=run.uid, now=NOW))
    assert {(one.done, one.succeeded, len(one.results)) for one in found} == {(6, 6, 6)}


def test_moves_against_each_other_lose_no_seat(cast: Cast, agree: Any, activate: Any) -> None:
    other = company_create(actor=ACTOR, kind="CUSTOMER", name="Dairy", parent=cast.msp_a, now=NOW)
    agree(mode="FLEXIBLE")
    agree(other, mode="FLEXIBLE")
    activate(cast.customer, *[f"a{number}" for number in range(6)])
    uids = list(Seat.objects.order_by("id").values_list("uid", flat=True))

    def move(number: int) -> list[str]:
        place = other if number % 2 else cast.customer
        order = uids if number < 2 else uids[::-1]
        fields: dict[str, Any] = {"seat_uids": order, "company": place, "now": NOW + timedelta(minutes=number)}
        return [code for _ in range(3) for code in seats_move_each(actor=ACTOR, **fields)]

    # One that was moved by another in this moment is told to be asked again.
    assert {code for codes in at_once(4, move) for code in codes} <= {"moved", "busy"}
    shares = PoolNode.objects.filter(kind="CUSTOMER", product__code="endpoint-workstation")
    for share in shares:
        assert share.used == Seat.objects.filter(node=share).count()
        assert share.used == sum(SeatEvent.objects.filter(node_id=share.pk).values_list("delta", flat=True))
    assert sum(share.used for share in shares) == 6
