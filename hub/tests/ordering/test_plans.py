"""Change seats later: stored, done on its day in the owner's zone, taken back; it never picks computers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.selectors import agreement_over
from seatkeep_hub.agreements.services import agreement_close
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.errors import LicenseStateError
from seatkeep_hub.licensing.models import License, Seat
from seatkeep_hub.licensing.suspension import license_suspend
from seatkeep_hub.ordering.errors import PlanExistsError, PlanFieldError, PlanOverError
from seatkeep_hub.ordering.models import PlannedChange
from seatkeep_hub.ordering.plans import change_plan, change_unplan, changes_apply, plan_list

pytestmark = pytest.mark.django_db
DUE = date(2026, 12, 1)
MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def plan(cast: Cast, agree: Any) -> Any:
    def call(quantity: int = 2, **fields: Any) -> PlannedChange:
        agreement = fields.pop("agreement", None) or agree(quantity=5)
        license = License.objects.select_related("owner").get(pk=cast.license.pk)
        fields = {"due_on": DUE, **fields}
        return change_plan(actor=ACTOR, license=license, agreement=agreement, quantity=quantity, now=NOW, **fields)

    return call


def test_it_holds_from_its_first_minute_and_is_done_once(plan: Any) -> None:
    made = plan(2)
    assert changes_apply(now=MIDNIGHT - timedelta(microseconds=1)) == 0
    assert Agreement.objects.get().quantity == 5
    assert (changes_apply(now=MIDNIGHT), changes_apply(now=MIDNIGHT)) == (1, 0)
    assert (Agreement.objects.get().quantity, PlannedChange.objects.get(pk=made.pk).state) == (2, "DONE")


@pytest.mark.parametrize(("zone", "hours"), [("Pacific/Tongatapu", -13), ("Pacific/Pago_Pago", 11)])
def test_its_day_begins_where_the_owner_lives(cast: Cast, plan: Any, zone: str, hours: int) -> None:
    Company.objects.filter(pk=cast.msp_a.pk).update(time_zone=zone)
    plan()
    begin = MIDNIGHT + timedelta(hours=hours)
    assert changes_apply(now=begin - timedelta(seconds=1)) == 0
    assert changes_apply(now=begin) == 1


def test_a_decrease_below_use_stays_and_shows(cast: Cast, plan: Any, activate: Any) -> None:
    plan(1)
    activate(cast.customer, "a", "b", "c")
    changes_apply(now=MIDNIGHT)
    assert Seat.objects.filter(state="ACTIVE").count() == 3
    assert agreement_over(Agreement.objects.select_related("node").get()) == 2


def test_an_increase_raises_the_shared_license(cast: Cast, plan: Any) -> None:
    plan(30)
    changes_apply(now=MIDNIGHT)
    cast.license.refresh_from_db()
    assert cast.license.quantity == 30


def test_the_license_itself_can_change_later(cast: Cast) -> None:
    change_plan(actor=ACTOR, license=cast.license, quantity=7, due_on=DUE, now=NOW)
    changes_apply(now=MIDNIGHT)
    entry = cast.license.entries.order_by("-number").first()
    assert entry is not None
    assert (entry.kind, entry.quantity, entry.actor) == ("QUANTITY", 7, "planned by test")


def test_one_change_at_a_time_until_it_is_taken_back(plan: Any) -> None:
    made = plan()
    agreement = Agreement.objects.get()
    with pytest.raises(PlanExistsError):
        plan(3, agreement=agreement)
    for _ in range(2):
        change_unplan(actor=ACTOR, plan=made, now=NOW)
    assert plan(3, agreement=agreement).pk
    assert changes_apply(now=MIDNIGHT) == 1
    assert Agreement.objects.get().quantity == 3


def test_what_was_done_cannot_be_taken_back(plan: Any) -> None:
    made = plan()
    changes_apply(now=MIDNIGHT)
    with pytest.raises(PlanOverError):
        change_unplan(actor=ACTOR, plan=made, now=MIDNIGHT)


@pytest.mark.parametrize("due_on", [date(2026, 11, 22), date(2026, 11, 1), date(2030, 1, 1)])
def test_a_day_that_is_not_ahead_is_refused(plan: Any, due_on: date) -> None:
    with pytest.raises(PlanFieldError):
        plan(due_on=due_on)


def test_a_flexible_agreement_becomes_fixed_on_its_day(plan: Any, agree: Any) -> None:
    plan(3, agreement=agree(mode="FLEXIBLE"))
    changes_apply(now=MIDNIGHT)
    assert (Agreement.objects.get().mode, Agreement.objects.get().quantity) == ("FIXED", 3)


def test_frozen_now_is_refused_and_frozen_then_says_why(cast: Cast, plan: Any) -> None:
    made = plan()
    license_suspend(actor=ACTOR, license=cast.license, now=NOW)
    with pytest.raises(LicenseStateError):
        change_plan(actor=ACTOR, license=License.objects.get(pk=cast.license.pk), quantity=9, due_on=DUE, now=NOW)
    changes_apply(now=MIDNIGHT)
    made.refresh_from_db()
    assert (made.state, bool(made.refusal)) == ("REFUSED", True)


def test_a_closed_agreement_is_not_opened_by_a_plan(plan: Any) -> None:
    made = plan()
    agreement_close(actor=ACTOR, agreement=Agreement.objects.get(), now=NOW)
    changes_apply(now=MIDNIGHT)
    made.refresh_from_db()
    assert (made.state, Agreement.objects.get().closed_at is not None) == ("REFUSED", True)


def test_a_sibling_sees_no_plan(cast: Cast, plan: Any) -> None:
    made = plan()
    assert (list(plan_list(cast.alice)), list(plan_list(cast.charlie)), list(plan_list(cast.erin))) == ([made], [], [])
