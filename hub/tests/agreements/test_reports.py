"""Usage reports: by product or category, whole, monthly or daily, of all or some companies, and of nobody else's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from seatkeep_hub.agreements.errors import ReportPeriodError
from seatkeep_hub.agreements.reports import usage_report, usage_sums
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.companies.people import access_set, user_create

pytestmark = pytest.mark.django_db

FIRST, LAST = date(2026, 11, 25), date(2026, 12, 2)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def counted(agree, activate, customer, other, msp, actor, now):
    agree(customer, "FIXED", quantity=4)
    agree(other)
    activate(customer, "a", "b", at=at("2026-11-24T13:00"))
    activate(other, "o", at=at("2026-11-30T13:00"))
    usage_days_record(first=FIRST, last=LAST, now=at("2026-12-03T12:00"))
    alice = user_create(actor=actor, company=msp, email="alice@example.com", name="Alice", now=now)
    access_set(actor=actor, user=alice, company=msp, level="READ", now=now)
    return alice


def rows(viewer, **asked):
    found = usage_report(viewer, first=FIRST, last=LAST, **asked)
    return [one for one in found if one.code in ("endpoint-workstation", "endpoint")]


def by_company(found):
    return {one.company: (one.ordered, one.agreed, one.in_use, one.device_days) for one in found}


def test_ordered_stands_at_the_owner_agreed_and_in_use_at_each_customer(counted):
    assert by_company(rows(counted)) == {
        "Alice IT": (80, 0, 0, 0),
        "Contoso": (0, 32, 16, 16),
        "Fabrikam": (0, 0, 3, 3),
    }


def test_months_and_days_add_up_to_the_period(counted):
    for step, count in (("MONTH", 2), ("DAY", 8)):
        found = [one for one in rows(counted, step=step) if one.company == "Contoso"]
        assert len(found) == count
        assert sum(one.in_use for one in found) == 16
        assert sum(one.days for one in found) == 8
    assert found[0].step_on == FIRST


def test_products_of_a_category_are_one_row(counted):
    names = {one.code for one in usage_report(counted, first=FIRST, last=LAST, by="CATEGORY")}
    products = {one.code for one in usage_report(counted, first=FIRST, last=LAST)}
    assert len(names) < len(products)
    sums = usage_sums(counted, first=FIRST, last=LAST, by="CATEGORY", step="PERIOD")
    assert sum(one.in_use for one in sums) == 19


def test_some_companies_only(counted, customer):
    assert set(by_company(rows(counted, companies=[customer]))) == {"Contoso"}


def test_pages_follow_each_other_without_gap(counted):
    whole = usage_report(counted, first=FIRST, last=LAST, step="DAY")
    paged, after = [], None
    while page := usage_report(counted, first=FIRST, last=LAST, step="DAY", after=after, limit=7):
        paged += page
        after = page[-1].key
    assert paged == whole


def test_attack_a_stranger_reads_nothing(counted, make, vendor, actor, now, customer):
    stranger = user_create(actor=actor, company=make("MSP", vendor, "B"), email="b@example.com", name="B", now=now)
    assert rows(stranger) == []
    assert rows(stranger, companies=[customer]) == []


@pytest.mark.parametrize(("first", "last"), [(LAST, FIRST), (date(2020, 1, 1), LAST)])
def test_a_period_that_is_none_or_endless_is_refused(counted, first, last):
    with pytest.raises(ReportPeriodError):
        usage_report(counted, first=first, last=last)
