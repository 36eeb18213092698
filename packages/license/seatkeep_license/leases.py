"""A lease: the signed, expiring proof that a device holds a seat, and what follows when it runs out.

Numbers: renewed every 6 h, amber after 3 d (soft expiry), over after 30 d (hard expiry).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from seatkeep_license.encoding import instant_of
from seatkeep_license.errors import IssuerForeignError, KeyBindingError, TokenMalformedError
from seatkeep_license.jose import LEEWAY, claims_decode, open_signed, sign
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey

LEASE_TYP = "seatkeep-lease+jwt"
RENEW_AFTER = timedelta(hours=6)
SOFT_EXPIRY = timedelta(days=3)
HARD_EXPIRY = timedelta(days=30)


class LeaseMode(StrEnum):
    """On what terms the seat is held."""

    NORMAL = "NORMAL"
    GRACE = "GRACE"
    TRIAL = "TRIAL"
    OVERUSE = "OVERUSE"


class LapsePolicy(StrEnum):
    """What a license wants to happen when its lease runs out."""

    KEEP_PROTECTING = "KEEP_PROTECTING"
    STOP_UPDATES_THEN_PROTECTION = "STOP_UPDATES_THEN_PROTECTION"
    STOP = "STOP"


class LeaseState(StrEnum):
    """How old a lease is."""

    FRESH = "FRESH"
    SOFT_EXPIRED = "SOFT_EXPIRED"
    HARD_EXPIRED = "HARD_EXPIRED"


class LapseDecision(StrEnum):
    """What the endpoint does now."""

    PROTECT_FULLY = "PROTECT_FULLY"
    PROTECT_NO_UPDATES = "PROTECT_NO_UPDATES"
    STOP = "STOP"


class Confirmation(msgspec.Struct, frozen=True):
    """The key that a token is bound to (RFC 7800): `jkt` is its RFC 7638 thumbprint."""

    jkt: str


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The claims of a lease, named as on the wire.

    Attributes:
        iss: The hub's licensing address for devices.
        sub: Seat uid.
        license: The license's public id.
        license_id: License uid.
        node: Pool node uid.
        company: Customer uid.
        product: Product code.
        cnf: The device key that the lease is bound to.
        fp: Fingerprint digest of the device.
        seq: Rises by 1 with each renewal.
        seat_epoch: Rises when the seat is deactivated.
        node_epoch: Rises when the pool node is suspended.
        iat: Server time of issue, seconds since 1970.
        soft: From here on the lease is amber, seconds since 1970.
        exp: From here on the lease is over, seconds since 1970.
        renew_after_seconds: When to ask for the next one.
        lapse_days: Days of protection without updates under STOP_UPDATES_THEN_PROTECTION.
        jti: Unique id of this lease.
    """

    iss: str
    sub: str
    license: str
    license_id: str
    node: str
    company: str
    product: str
    cnf: Confirmation
    fp: str
    seq: int
    seat_epoch: int
    node_epoch: int
    iat: int
    soft: int
    exp: int
    renew_after_seconds: int
    mode: LeaseMode
    lapse: LapsePolicy
    lapse_days: int
    jti: str

    @property
    def issued_at(self) -> datetime:
        """Signed server time of issue, aware UTC."""
        return instant_of(self.iat)

    @property
    def soft_expires_at(self) -> datetime:
        """From this instant on, inclusive, the lease is SOFT_EXPIRED."""
        return instant_of(self.soft)

    @property
    def hard_expires_at(self) -> datetime:
        """From this instant on, inclusive, the lease is HARD_EXPIRED."""
        return instant_of(self.exp)

    @property
    def renew_at(self) -> datetime:
        """When the device should ask for the next lease, aware UTC."""
        return instant_of(self.iat + self.renew_after_seconds)


def lease_sign(lease: Lease, key: SigningKey) -> str:
    """Sign a lease by the hub's current lease key."""
    return sign(lease, key, LEASE_TYP)


def lease_verify(
    token: str | bytes,
    keys: KeySet,
    *,
    issuer: str | None = None,
    device_key: VerifyKey | str | None = None,
) -> Lease:
    """Check that a lease is genuine and for this device. How old it is, `lease_state` tells.

    Args:
        token: The lease as the hub gave it.
        keys: The hub's lease keys.
        issuer: The expected licensing address; None: any that these keys sign for.
        device_key: The device's own key or its thumbprint; None: not looked at (the hub reading its own lease).

    Raises:
        TokenError: See `jose.open_signed`; TokenMalformedError also when the expiries are not in order;
            IssuerForeignError for another hub's lease; KeyBindingError for another device's lease.
    """
    lease = claims_decode(open_signed(token, typ=LEASE_TYP, keys=keys).payload, Lease)
    if not 0 <= lease.iat <= lease.soft <= lease.exp or lease.lapse_days < 0 or lease.renew_after_seconds < 0:
        raise TokenMalformedError("The times of the lease are not in order.")
    instant_of(lease.exp + lease.renew_after_seconds)
    if issuer is not None and lease.iss != issuer:
        raise IssuerForeignError
    if device_key is not None and lease.cnf.jkt != _thumbprint_of(device_key):
        raise KeyBindingError
    return lease


def lease_state(lease: Lease, now: datetime, high_water: datetime) -> LeaseState:
    """Tell how old a lease is, on a clock that its owner may set.

    A clock set back is not believed: time goes on from the high-water mark, and as long as the clock stays behind, the
    lease counts as SOFT_EXPIRED at best. That degrades (amber, nothing stops) and never bricks. A clock set too far
    ahead ends the lease, and setting it right brings it back, because the mark rises from signed server time only.

    Args:
        lease: A verified lease.
        now: The machine's clock, aware UTC.
        high_water: The highest signed server time seen (see `high_water_raise`), aware UTC.
    """
    believed = max(now, high_water)
    if believed >= lease.hard_expires_at:
        return LeaseState.HARD_EXPIRED
    if believed >= lease.soft_expires_at or is_clock_rolled_back(now, high_water):
        return LeaseState.SOFT_EXPIRED
    return LeaseState.FRESH


def is_clock_rolled_back(now: datetime, high_water: datetime) -> bool:
    """Tell whether the clock is behind the highest signed server time by more than the leeway of 120 s."""
    return now + LEEWAY < high_water


def high_water_raise(high_water: datetime | None, lease: Lease) -> datetime:
    """Return the mark after seeing a verified lease; it never falls, and the machine's clock never moves it."""
    return lease.issued_at if high_water is None else max(high_water, lease.issued_at)


def lapse_decision(
    policy: LapsePolicy, lapse_days: int, state: LeaseState, hard_expired_at: datetime, now: datetime
) -> LapseDecision:
    """Decide what the endpoint does.

    Args:
        policy: The license's lapse policy, out of the lease.
        lapse_days: Days without updates before protection stops, under STOP_UPDATES_THEN_PROTECTION.
        state: How old the lease is.
        hard_expired_at: The lease's hard expiry, aware UTC.
        now: The believed time, max of clock and high-water mark, aware UTC.

    Returns:
        PROTECT_FULLY until hard expiry; after it, what the policy says.

    Source:
        DESIGN §3, "What a lapse does": a billing event never turns protection off by itself.
    """
    if state is not LeaseState.HARD_EXPIRED:
        return LapseDecision.PROTECT_FULLY
    if policy is LapsePolicy.STOP:
        return LapseDecision.STOP
    is_over = now >= hard_expired_at + timedelta(days=lapse_days)
    if policy is LapsePolicy.STOP_UPDATES_THEN_PROTECTION and is_over:
        return LapseDecision.STOP
    return LapseDecision.PROTECT_NO_UPDATES


def _thumbprint_of(device_key: VerifyKey | str) -> str:
    return device_key if isinstance(device_key, str) else device_key.kid
