"""Trials: ordered where permitted, extended twice, converted, over, removed."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.enums import LicenseState
from seatkeep_hub.licensing.errors import (
    BundleNotAllowedError,
    LicenseExpiredError,
    NotATrialError,
    QuantityTooLowError,
    TrialExtensionsError,
    TrialNotAllowedError,
    TrialOpenError,
)
from seatkeep_hub.licensing.models import License, PoolNode
from seatkeep_hub.licensing.selectors import license_in_state, license_state, with_state
from seatkeep_hub.licensing.suspension import license_suspend
from seatkeep_hub.licensing.trials import trial_cancel, trial_convert, trial_extend

pytestmark = pytest.mark.django_db


@pytest.fixture
def trial(order):
    return order(kind="TRIAL", overuse="ALLOW_AND_ALERT")


def test_a_trial_runs_thirty_days(trial, node, take, apply, now):
    end = now + timedelta(days=30)
    assert trial.expires_at == end
    assert apply(take(node(trial), "pc-1"), at=end) == ["license_expired"]
    assert license_state(trial, now=end) == "TRIAL_EXPIRED"


@pytest.mark.parametrize("where", ["owner", "above"])
def test_a_trial_needs_permission_at_every_level(order, msp, where):
    company = msp if where == "owner" else msp.parent
    Company.objects.filter(pk=company.pk).update(is_trial_allowed=False)
    with pytest.raises(TrialNotAllowedError):
        order(kind="TRIAL")
    assert order(kind="MSP").pk


def test_one_trial_of_a_bundle_at_a_time(trial, order):
    with pytest.raises(TrialOpenError):
        order(kind="TRIAL")


def test_only_what_is_allowed_is_ordered(order, msp):
    Company.objects.filter(pk=msp.parent_id).update(allowed_bundles=["mail-security"])
    with pytest.raises(BundleNotAllowedError):
        order()


def test_it_is_extended_twice_from_its_end(trial, actor, now):
    for times in (1, 2):
        assert trial_extend(actor=actor, license=trial, now=now).expires_at == now + timedelta(days=30 * (times + 1))
    with pytest.raises(TrialExtensionsError):
        trial_extend(actor=actor, license=trial, now=now)


def test_what_is_over_is_converted_not_extended(trial, actor, now):
    end = now + timedelta(days=30)
    with pytest.raises(LicenseExpiredError):
        trial_extend(actor=actor, license=trial, now=end)
    full = trial_convert(actor=actor, license=trial, quantity=4, now=end)
    assert (full.kind, full.quantity, full.expires_at, license_state(full, now=end)) == ("MSP", 4, None, "OK")


def test_a_part_is_converted_and_nobody_is_cut_off(trial, node, take, apply, actor, now):
    apply(*[take(node(trial), f"pc-{number}") for number in range(3)])
    full = trial_convert(actor=actor, license=trial, quantity=2, now=now)
    assert (license_state(full, now=now), PoolNode.objects.get(pk=node(trial).pk).used) == ("ERROR", 3)
    with pytest.raises(NotATrialError):
        trial_convert(actor=actor, license=trial, quantity=2, now=now)


def test_less_than_promised_is_not_converted_to(trial, node, customer, actor, now):
    share = node(trial, customer)
    PoolNode.objects.filter(pk=share.pk).update(reserved=5)
    with pytest.raises(QuantityTooLowError):
        trial_convert(actor=actor, license=trial, quantity=4, now=now)


def test_a_removed_trial_gives_nothing_and_a_full_license_is_not_removed(trial, order, node, take, apply, actor, now):
    for _ in range(2):
        trial_cancel(actor=actor, license=trial, now=now)
    assert apply(take(node(trial), "pc-1")) == ["license_unknown"]
    with pytest.raises(NotATrialError):
        trial_cancel(actor=actor, license=order(), now=now)


def test_the_state_in_sql_is_the_state_in_the_rules(order, node, take, apply, actor, now):
    over = order(quantity=1, overuse="ALLOW_AND_ALERT")
    apply(take(node(over), "a"), take(node(over), "b"))
    full = order(quantity=1)
    apply(take(node(full), "c"))
    order(quantity=10)
    order(kind="TRIAL")
    order(kind="PREPAID", expires_at=now + timedelta(days=20))
    license_suspend(actor=actor, license=order(), now=now)
    for days in (0, 10, 31):
        at = now + timedelta(days=days)
        found = {one.pk: one.state_now for one in with_state(License.objects.all(), now=at)}
        assert found == {one.pk: license_state(one, now=at) for one in License.objects.all()}
    assert {"OK", "ERROR", "WARNING", "SUSPENDED", "TRIAL_EXPIRED", "EXPIRED"} == set(found.values())


ENDS = {"never": None, "past": timedelta(0), "soon": timedelta(days=13), "later": timedelta(days=14)}


@pytest.mark.parametrize("ends", ENDS)
def test_each_state_in_sql_is_that_of_the_rules_and_of_no_other_license(order, node, now, ends):
    license = order(quantity=10, overuse="ALLOW_AND_ALERT")
    root = PoolNode.objects.filter(pk=node(license).pk)
    one = License.objects.filter(pk=license.pk)
    expires_at = None if ENDS[ends] is None else now + ENDS[ends]
    for cancelled_at, suspended_at, kind, used in product((None, now), (None, now), ("MSP", "TRIAL"), (8, 9, 10, 11)):
        one.update(cancelled_at=cancelled_at, suspended_at=suspended_at, kind=kind, expires_at=expires_at)
        root.update(used=used)
        wanted = license_state(one.get(), now=now)
        assert with_state(one, now=now).get().state_now == wanted
        assert [state for state in LicenseState.values if license_in_state(one, state, now=now).exists()] == [wanted]
