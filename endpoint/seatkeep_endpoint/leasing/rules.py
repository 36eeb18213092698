"""Pure decisions about the seat: what state it is in, whether to protect, when to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from seatkeep_license.leases import (
    LapseDecision,
    Lease,
    LeaseState,
    is_clock_rolled_back,
    lapse_decision,
    lease_state,
)
from seatkeep_protocol.vocabulary import LicenseState

RETRY_FIRST = timedelta(seconds=2)
RETRY_MAX = timedelta(minutes=15)
REFUSED_RETRY = timedelta(minutes=5)
RENEW_JITTER = 0.1

STATE_AFTER_REFUSAL: Mapping[str, LicenseState] = {
    "no_seat_left": LicenseState.REFUSED,
    "license_suspended": LicenseState.STOPPED,
    "company_suspended": LicenseState.STOPPED,
    "seat_released": LicenseState.NONE,
    "seat_unknown": LicenseState.NONE,
    "device_replaced": LicenseState.NONE,
}
"""Answers of the hub that end or suspend the seat. All others leave the lease to run its course."""


class SeatRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint remembers of its seat.

    Attributes:
        hub_url: The hub's licensing address for devices.
        product: Product code asked for.
        token: The last lease as the hub gave it, or "".
        refusal: The code of the hub's last final "no", or "".
        detail: The hub's words for it.
        refused_at_us: When it said so, microseconds since 1970.
        high_water_us: Highest signed server time seen, microseconds since 1970.
    """

    hub_url: str = ""
    product: str = ""
    token: str = ""
    refusal: str = ""
    detail: str = ""
    refused_at_us: int = 0
    high_water_us: int = 0


class SeatView(msgspec.Struct, frozen=True, kw_only=True):
    """The seat as it is at one instant.

    Attributes:
        is_protecting: Whether the engines run.
        is_updating: Whether new rules and settings are taken.
        is_clock_behind: The clock was set back behind signed server time.
    """

    state: LicenseState
    is_protecting: bool
    is_updating: bool
    is_clock_behind: bool = False


def seat_view(lease: Lease | None, refusal: str, *, now: datetime, high_water: datetime) -> SeatView:
    """Judge the seat.

    An explicit "no" of the hub (suspended, released, no seat) stops protection at once; a lease that merely runs out
    does what its lapse policy says; a clock set back degrades to SOFT_EXPIRED and goes on.

    Args:
        lease: The last verified lease, None when there is none.
        refusal: Code of the hub's last final answer, "" when it was good.
        now: The machine's clock, aware UTC.
        high_water: Highest signed server time seen, aware UTC.
    """
    stopped = STATE_AFTER_REFUSAL.get(refusal)
    if stopped is not None or lease is None:
        return SeatView(state=stopped or state_without_lease(refusal), is_protecting=False, is_updating=False)
    age = lease_state(lease, now, high_water)
    believed = max(now, high_water)
    decision = lapse_decision(lease.lapse, lease.lapse_days, age, lease.hard_expires_at, believed)
    return SeatView(
        state=state_by_age(age, decision),
        is_protecting=decision is not LapseDecision.STOP,
        is_updating=decision is LapseDecision.PROTECT_FULLY,
        is_clock_behind=is_clock_rolled_back(now, high_water),
    )


def state_without_lease(refusal: str) -> LicenseState:
    """REFUSED when the hub said no, NONE when nobody asked."""
    return LicenseState.REFUSED if refusal else LicenseState.NONE


def state_by_age(age: LeaseState, decision: LapseDecision) -> LicenseState:
    """The word for a lease of this age under this decision."""
    if age is LeaseState.FRESH:
        return LicenseState.ACTIVE
    if age is LeaseState.SOFT_EXPIRED:
        return LicenseState.SOFT_EXPIRED
    return LicenseState.STOPPED if decision is LapseDecision.STOP else LicenseState.LAPSED


def renew_at(lease: Lease, spread: float) -> datetime:
    """When to renew: the hub's time plus up to a tenth of the interval, so that a fleet does not come at once.

    Args:
        lease: The lease in hand.
        spread: A random number of [0, 1), fixed for this lease.
    """
    return lease.renew_at + timedelta(seconds=lease.renew_after_seconds * RENEW_JITTER * spread)


def retry_delay(attempt: int, spread: float, retry_after_seconds: float | None = None) -> timedelta:
    """How long to wait after a failed attempt: doubling from 2 s to 15 min, half of it random.

    Args:
        attempt: 0 for the first failure.
        spread: A random number of [0, 1).
        retry_after_seconds: What the hub asked for; never less than that.
    """
    longest = min(RETRY_MAX.total_seconds(), RETRY_FIRST.total_seconds() * 2 ** min(attempt, 20))
    return timedelta(seconds=max(retry_after_seconds or 0.0, longest * (0.5 + 0.5 * spread)))
