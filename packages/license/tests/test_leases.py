"""How a lease ages, what a lapse does, and clocks that lie."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from license_cast import DEVICE_KEY, HUB, HUB_KEY, HUB_KEYS, LEASE, MALLORY_KEY, NOW
from seatkeep_license import errors
from seatkeep_license.jose import sign
from seatkeep_license.leases import (
    LEASE_TYP,
    LapseDecision,
    LapsePolicy,
    LeaseState,
    high_water_raise,
    is_clock_rolled_back,
    lapse_decision,
    lease_sign,
    lease_state,
    lease_verify,
)

SECOND = timedelta(seconds=1)
SOFT = LEASE.soft_expires_at
HARD = LEASE.hard_expires_at
instants = st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)).map(lambda delta: NOW + delta)


def test_lease_verifies_for_its_device() -> None:
    token = lease_sign(LEASE, HUB_KEY)

    assert lease_verify(token, HUB_KEYS, issuer=HUB, device_key=DEVICE_KEY.verify_key) == LEASE
    assert lease_verify(token, HUB_KEYS, device_key=DEVICE_KEY.kid) == LEASE


def test_lease_copied_to_another_device_is_refused() -> None:
    with pytest.raises(errors.KeyBindingError):
        lease_verify(lease_sign(LEASE, HUB_KEY), HUB_KEYS, device_key=MALLORY_KEY.verify_key)


def test_lease_of_another_hub_is_refused() -> None:
    with pytest.raises(errors.IssuerForeignError):
        lease_verify(lease_sign(LEASE, HUB_KEY), HUB_KEYS, issuer="https://other.example")


@pytest.mark.parametrize(
    "change", [{"soft": LEASE.exp + 1}, {"iat": LEASE.soft + 1}, {"lapse_days": -1}, {"exp": 10**15}]
)
def test_lease_with_senseless_times_is_refused(change: dict[str, int]) -> None:
    with pytest.raises(errors.TokenMalformedError):
        lease_verify(lease_sign(msgspec.structs.replace(LEASE, **change), HUB_KEY), HUB_KEYS)


def test_lease_without_a_claim_is_refused_and_names_it() -> None:
    claims = msgspec.to_builtins(LEASE)
    del claims["node_epoch"]
    with pytest.raises(errors.TokenMalformedError, match="node_epoch"):
        lease_verify(sign(claims, HUB_KEY, LEASE_TYP), HUB_KEYS)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (NOW, LeaseState.FRESH),
        (SOFT - SECOND, LeaseState.FRESH),
        (SOFT, LeaseState.SOFT_EXPIRED),
        (HARD - SECOND, LeaseState.SOFT_EXPIRED),
        (HARD, LeaseState.HARD_EXPIRED),
    ],
)
def test_lease_ages_at_the_named_instants(now: datetime, state: LeaseState) -> None:
    assert lease_state(LEASE, now, high_water=NOW) is state


def test_clock_set_back_a_month_does_not_revive_a_lease() -> None:
    assert lease_state(LEASE, NOW - timedelta(days=30), high_water=HARD) is LeaseState.HARD_EXPIRED


def test_clock_set_back_a_month_degrades_a_fresh_lease_and_stops_nothing() -> None:
    state = lease_state(LEASE, NOW - timedelta(days=30), high_water=NOW)

    assert state is LeaseState.SOFT_EXPIRED
    assert lapse_decision(LapsePolicy.STOP, 0, state, HARD, NOW) is LapseDecision.PROTECT_FULLY


def test_clock_behind_by_the_leeway_is_no_roll_back() -> None:
    assert not is_clock_rolled_back(NOW - timedelta(seconds=120), NOW)
    assert is_clock_rolled_back(NOW - timedelta(seconds=121), NOW)


def test_clock_that_jumped_ahead_and_back_leaves_no_trace() -> None:
    assert lease_state(LEASE, NOW + timedelta(days=36_500), high_water=NOW) is LeaseState.HARD_EXPIRED
    assert lease_state(LEASE, NOW, high_water=high_water_raise(NOW, LEASE)) is LeaseState.FRESH


@given(instants, instants)
def test_high_water_mark_never_falls_and_only_signed_time_moves_it(mark: datetime, clock: datetime) -> None:
    raised = high_water_raise(mark, LEASE)

    assert raised == max(mark, LEASE.issued_at)
    assert high_water_raise(None, LEASE) == LEASE.issued_at


@given(instants, instants, instants)
def test_setting_the_clock_back_never_makes_a_lease_younger(clock: datetime, earlier: datetime, mark: datetime) -> None:
    order = list(LeaseState)
    earlier = min(clock, earlier)

    believed = lease_state(LEASE, max(clock, mark), mark)

    assert order.index(lease_state(LEASE, min(earlier, mark), mark)) >= order.index(lease_state(LEASE, mark, mark))
    assert order.index(believed) >= order.index(lease_state(LEASE, mark, mark))


@pytest.mark.parametrize("policy", list(LapsePolicy))
@pytest.mark.parametrize("state", [LeaseState.FRESH, LeaseState.SOFT_EXPIRED])
def test_before_hard_expiry_protection_is_full(policy: LapsePolicy, state: LeaseState) -> None:
    assert lapse_decision(policy, 7, state, HARD, HARD) is LapseDecision.PROTECT_FULLY


@pytest.mark.parametrize(
    ("policy", "days_after", "decision"),
    [
        (LapsePolicy.KEEP_PROTECTING, 0, LapseDecision.PROTECT_NO_UPDATES),
        (LapsePolicy.KEEP_PROTECTING, 3_650, LapseDecision.PROTECT_NO_UPDATES),
        (LapsePolicy.STOP_UPDATES_THEN_PROTECTION, 0, LapseDecision.PROTECT_NO_UPDATES),
        (LapsePolicy.STOP_UPDATES_THEN_PROTECTION, 6.99, LapseDecision.PROTECT_NO_UPDATES),
        (LapsePolicy.STOP_UPDATES_THEN_PROTECTION, 7, LapseDecision.STOP),
        (LapsePolicy.STOP, 0, LapseDecision.STOP),
    ],
)
def test_after_hard_expiry_the_policy_decides(policy: LapsePolicy, days_after: float, decision: LapseDecision) -> None:
    now = HARD + timedelta(days=days_after)

    assert lapse_decision(policy, 7, LeaseState.HARD_EXPIRED, HARD, now) is decision
