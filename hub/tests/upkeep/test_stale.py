"""Silent computers: proposed after 30 days, by the nearest rule, released by themselves only where a rule says so."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.upkeep.errors import StaleRuleError
from seatkeep_hub.upkeep.stale import (
    stale_release_due,
    stale_rule_clear,
    stale_rule_of,
    stale_rule_set,
    stale_seats,
    stale_seats_proposed,
)

pytestmark = pytest.mark.django_db


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


@pytest.fixture(autouse=True)
def _computers(cast: Cast, activate: Any) -> None:
    agreement_set(
        actor=ACTOR, license=cast.license, product_code="endpoint-workstation", company=cast.customer, mode="FLEXIBLE",
        now=NOW,
    )  # fmt: skip
    assert activate(cast.msp_a, "ours") == ["new"]
    assert activate(cast.customer, "theirs") == ["new"]


def names(seats: Any) -> set[str]:
    return set(seats.values_list("device_name", flat=True))


def rule(company: Any, days: int, *, automatic: bool = False) -> None:
    stale_rule_set(actor=ACTOR, company=company, days=days, is_automatic=automatic, now=NOW)


def test_without_a_rule_thirty_days_are_proposed_and_nothing_released(cast: Cast) -> None:
    assert names(stale_seats(cast.alice, now=after(30))) == set()
    assert names(stale_seats(cast.alice, now=after(30.01))) == {"ours", "theirs"}
    assert stale_release_due(now=after(700)) == 0


def test_the_nearest_rule_holds(cast: Cast) -> None:
    rule(cast.distributor, 10)
    rule(cast.customer, 90)
    assert names(stale_seats(cast.alice, now=after(11))) == {"ours"}
    assert stale_rule_of(cast.customer).days == 90  # type: ignore[union-attr]
    stale_rule_clear(actor=ACTOR, company=cast.customer, now=NOW)
    assert names(stale_seats(cast.alice, now=after(11))) == {"ours", "theirs"}


def test_only_where_a_rule_says_so_seats_are_released_and_can_be_taken_back(cast: Cast) -> None:
    rule(cast.msp_a, 10)
    rule(cast.customer, 20, automatic=True)
    assert (stale_release_due(now=after(20)), stale_release_due(now=after(20.01))) == (0, 1)
    assert stale_release_due(now=after(20.01)) == 0
    assert dict(Seat.objects.values_list("device_name", "state")) == {"ours": "ACTIVE", "theirs": "DEACTIVATED"}


def test_the_months_review_proposes_as_of_its_end(cast: Cast) -> None:
    rule(cast.msp_a, 7)
    assert names(stale_seats_proposed(cast.alice, month=date(2026, 11, 5), now=after(60))) == {"ours", "theirs"}
    Seat.objects.filter(device_name="ours").update(last_seen_at=datetime.fromisoformat("2026-11-30T00:00:00Z"))
    assert names(stale_seats_proposed(cast.alice, month=date(2026, 11, 5), now=after(60))) == {"theirs"}
    assert names(stale_seats_proposed(cast.charlie, month=date(2026, 11, 5), now=after(60))) == set()


@pytest.mark.parametrize("days", [0, 6, 731])
def test_days_out_of_range_are_refused(cast: Cast, days: int) -> None:
    with pytest.raises(StaleRuleError):
        rule(cast.msp_a, days)
