"""Leases: from the facts of a seat to the signed text, and the keys that sign. No Django; the fast path uses it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import KeySet, SigningKey, VerifyKey
from seatkeep_license.leases import (
    HARD_EXPIRY,
    RENEW_AFTER,
    SOFT_EXPIRY,
    Confirmation,
    LapsePolicy,
    Lease,
    LeaseMode,
    lease_sign,
)
from seatkeep_webkit.keyring import decrypt, encrypt

from seatkeep_hub.licensing.statements import Script, Statement
from seatkeep_hub.licensing.transaction import LeaseFacts

SEED_PLACE = b"licensing_leasekey.seed_encrypted"
"""Where the encrypted seed stands; bound into the ciphertext."""


@dataclass(frozen=True, slots=True)
class LeaseKeys:
    """Keys of leases: the one that signs, and all that verify."""

    signing: SigningKey
    trusted: KeySet


def lease_make(facts: LeaseFacts, *, key: SigningKey, issuer: str, now: datetime) -> str:
    """Sign the lease of a seat: renew after 6 h, soft expiry 3 d, hard expiry 30 d from `now`.

    Args:
        facts: What it says, as the seat transaction left it.
        key: The current lease key.
        issuer: Licensing address for devices.
        now: Server time, aware UTC.
    """
    lease = Lease(
        iss=issuer,
        sub=str(facts.seat),
        license=facts.license_public_id,
        license_id=str(facts.license),
        node=str(facts.node),
        company=str(facts.company),
        product=facts.product,
        cnf=Confirmation(jkt=facts.thumbprint),
        fp=facts.fingerprint,
        seq=facts.seq,
        seat_epoch=facts.seat_epoch,
        node_epoch=facts.node_epoch,
        iat=seconds_of(now),
        soft=seconds_of(now + SOFT_EXPIRY),
        exp=seconds_of(now + HARD_EXPIRY),
        renew_after_seconds=int(RENEW_AFTER.total_seconds()),
        mode=LeaseMode(facts.mode),
        lapse=LapsePolicy(facts.lapse),
        lapse_days=facts.lapse_days,
        jti=token_hex(16),
    )
    return lease_sign(lease, key)


def lease_keys_script(*, now: datetime) -> Script[LeaseKeys]:
    """Read the lease keys; make a current and a next one where they are missing. Idempotent."""
    rows = yield Statement("lease_keys_read", {"now": now})
    if not {"CURRENT", "NEXT"} <= {row[3] for row in rows}:
        fresh = [SigningKey.generate(), SigningKey.generate()]
        yield Statement(
            "lease_keys_ensure",
            {
                "kids": [key.kid for key in fresh],
                "publics": [key.verify_key.raw for key in fresh],
                "seeds": [seed_seal(key) for key in fresh],
                "states": ["CURRENT", "NEXT"],
                "now": now,
            },
        )
        rows = yield Statement("lease_keys_read", {"now": now})
    current = next(row for row in rows if row[3] == "CURRENT")
    return LeaseKeys(
        signing=SigningKey.from_seed(decrypt(bytes(current[2]), aad=SEED_PLACE)),
        trusted=KeySet(VerifyKey(bytes(row[1])) for row in rows),
    )


def seed_seal(key: SigningKey) -> bytes:
    """The key's seed, encrypted for its column."""
    return encrypt(key.seed, aad=SEED_PLACE)
