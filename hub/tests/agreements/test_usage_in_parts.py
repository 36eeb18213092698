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
    monkeypatch.setattr(usage, "_parts", lambda: 2)
    assert usage.usage_day_record(day=DAY, now=now) == rows == len(whole)
    assert set(UsageDay.objects.values_list(*FIELDS)) == whole
