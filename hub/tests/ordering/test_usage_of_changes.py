"""Days of usage follow the bundle of their day, however often they are counted again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.licensing.suspension import license_suspend
from seatkeep_hub.ordering.upgrades import license_bundle_change

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def ordered(day: date) -> dict[str, int]:
    rows = UsageDay.objects.filter(day=day, is_direct=False).values_list("product__code", "ordered")
    return dict(rows)


def test_a_day_counts_for_the_bundle_that_held_at_its_end(cast: Cast, agree: Any) -> None:
    license_bundle_change(actor=ACTOR, license=cast.license, bundle_code="endpoint-complete", quantity=12, now=NOW)
    later = NOW + timedelta(days=2)
    license_bundle_change(actor=ACTOR, license=cast.license, bundle_code="endpoint-protection", quantity=11, now=later)
    for _ in range(2):
        usage_days_record(first=TODAY, last=TODAY + timedelta(days=3), now=NOW + timedelta(days=4))
    complete = {
        "cloud-analysis": 12, "disk-encryption": 12, "endpoint-mobile": 24, "endpoint-server": 12,
        "endpoint-workstation": 12,
    }  # fmt: skip
    assert ordered(TODAY) == complete
    assert ordered(TODAY + timedelta(days=1)) == complete
    assert ordered(TODAY + timedelta(days=2)) == {"endpoint-server": 11, "endpoint-workstation": 11}


def test_only_a_stop_of_billing_ends_what_counts_as_ordered(cast: Cast) -> None:
    license_suspend(actor=ACTOR, license=cast.license, stops_billing=False, now=NOW)
    day = TODAY + timedelta(days=1)
    usage_days_record(first=day, last=day, now=NOW + timedelta(days=3))
    assert ordered(day)["endpoint-server"] == 10
    license_suspend(actor=ACTOR, license=cast.license, now=NOW)
    usage_days_record(first=TODAY, last=day, now=NOW + timedelta(days=3))
    assert (ordered(TODAY)["endpoint-server"], ordered(day)["endpoint-server"]) == (10, 0)
