"""A day that is counted in parts beside each other is the day that is counted at once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from seatkeep_hub.agreements import usage
from seatkeep_hub.agreements.models import UsageDay
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.licensing.services import license_order

FIELDS = ("seller", "buyer", "node", "product", "ordered", "agreed", "in_use", "peak", "device_days", "is_direct")
DAY = date(2026, 11, 22)


@pytest.mark.django_db(transaction=True)
def test_two_parts_give_the_rows_of_one(agree, activate, customer, other, msp, actor, now, monkeypatch):
    agree(customer, "FIXED", quantity=4)
    activate(customer, "a", "b", at=datetime(2026, 11, 22, 13, tzinfo=UTC))
    second = license_order(actor=actor, owner=msp, bundle_code="endpoint-protection", kind="MSP", quantity=9, now=now)
    agreement_set(actor=actor, license=second, product_code="endpoint-server", company=other, mode="FLEXIBLE", now=now)
    rows = usage.usage_day_record(day=DAY, now=now)
    whole = set(UsageDay.objects.values_list(*FIELDS))
    UsageDay.objects.all().delete()
    monkeypatch.setattr(usage, "_parts", lambda: [(0, second.pk), (second.pk, 2**63 - 1)])
    assert usage.usage_day_record(day=DAY, now=now) == rows == len(whole)
    assert set(UsageDay.objects.values_list(*FIELDS)) == whole


@pytest.mark.django_db(transaction=True)
def test_a_day_that_another_began_to_count_meanwhile_is_counted_once(agree, activate, customer, now):
    agree(customer)
    activate(customer, "a", at=datetime(2026, 11, 22, 13, tzinfo=UTC))
    rows = usage.usage_day_record(day=DAY, now=now)
    whole = set(UsageDay.objects.values_list(*FIELDS))
    asked = {"day": DAY, "now": now, "company": None, "since": None}
    assert usage._part_record(asked, usage.ALL_LICENSES, is_new=True) == rows
    assert set(UsageDay.objects.values_list(*FIELDS)) == whole


def test_halves_hold_every_license_once_with_neighbors_together(agree, customer, other, db):
    agree(customer)
    agree(other)
    assert usage._halves(2) == [(0, usage._halves(2)[0][1]), (usage._halves(2)[0][1], 2**63 - 1)]
    assert usage._halves(10_000) == [usage.ALL_LICENSES]
