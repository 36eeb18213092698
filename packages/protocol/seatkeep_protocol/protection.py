"""Protection status: one meaning everywhere, from what each engine declares.

Source:
    DESIGN §4, "Protection status".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from seatkeep_protocol.vocabulary import LicenseState, ProtectionReason, ProtectionStatus

SIGNATURES_MAX_AGE = timedelta(days=3)

_LICENSE_REASONS = {
    LicenseState.NONE: ProtectionReason.LICENSE_MISSING,
    LicenseState.REFUSED: ProtectionReason.LICENSE_MISSING,
    LicenseState.LAPSED: ProtectionReason.LICENSE_LAPSED,
    LicenseState.STOPPED: ProtectionReason.LICENSE_STOPPED,
}


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine declares about itself.

    Attributes:
        is_running: It answers and may be asked to scan.
        on_demand: It scans when asked.
        scheduled: It scans by a schedule.
        has_on_access: It can check files as they are opened, so a stopped check is a fault and not a limit.
        is_on_access_running: It does so now.
        self_protection: It resists being stopped.
        is_test_rules: It carries test rules only (EICAR and the like).
        signatures_at_us: When its signatures were made, µs since 1970; None when it has none.
        ram_bytes: What it takes of memory.
    """

    is_running: bool
    on_demand: bool = True
    scheduled: bool = False
    has_on_access: bool = False
    is_on_access_running: bool = False
    self_protection: bool = False
    is_test_rules: bool = False
    signatures_at_us: int | None = None
    ram_bytes: int = 0


class Protection(NamedTuple):
    """The status and why it is not better; no reasons exactly when PROTECTED."""

    status: ProtectionStatus
    reasons: tuple[ProtectionReason, ...]


def capabilities_combine(own: Capabilities, other: Capabilities | None) -> Capabilities:
    """What a machine has by our own engine and another one beside it.

    An engine with on-access protection decides alone whether that runs and how old the signatures are: our own engine
    adds to it, and its test rules or old rules take nothing from it.

    Args:
        own: What our own engine declares.
        other: What the engine beside it declares; None when there is none that counts.
    """
    if other is None or not other.has_on_access:
        return own
    return msgspec.structs.replace(
        other,
        on_demand=own.on_demand or other.on_demand,
        scheduled=own.scheduled or other.scheduled,
        ram_bytes=own.ram_bytes + other.ram_bytes,
    )


def protection_status(
    capabilities: Capabilities | None,
    license_state: LicenseState,
    *,
    open_threats: int,
    now: datetime,
    signatures_max_age: timedelta = SIGNATURES_MAX_AGE,
) -> Protection:
    """Say how protected a device is.

    Args:
        capabilities: What its engine declares; None when the device has no endpoint product.
        license_state: How the endpoint stands with its license.
        open_threats: Detections that were not dealt with.
        now: Current time, aware UTC.
        signatures_max_age: Signatures of this age or older count as old; test rules have no age.

    Returns:
        NOT_PROTECTED with every red reason; else TEST_RULES; else SCAN_ONLY without on-access; else PROTECTED.
    """
    if capabilities is None:
        return Protection(ProtectionStatus.NOT_PROTECTED, (ProtectionReason.NO_ENDPOINT,))
    reasons = _license_reasons(license_state) + _engine_reasons(capabilities, now, signatures_max_age)
    if open_threats > 0:
        reasons.append(ProtectionReason.THREAT_OPEN)
    if reasons:
        return Protection(ProtectionStatus.NOT_PROTECTED, tuple(reasons))
    if capabilities.is_test_rules:
        return Protection(ProtectionStatus.TEST_RULES, (ProtectionReason.TEST_RULES_ONLY,))
    if not capabilities.has_on_access:
        return Protection(ProtectionStatus.SCAN_ONLY, (ProtectionReason.NO_ON_ACCESS,))
    return Protection(ProtectionStatus.PROTECTED, ())


def _license_reasons(license_state: LicenseState) -> list[ProtectionReason]:
    reason = _LICENSE_REASONS.get(license_state)
    return [reason] if reason else []


def _engine_reasons(capabilities: Capabilities, now: datetime, max_age: timedelta) -> list[ProtectionReason]:
    if not capabilities.is_running:
        return [ProtectionReason.ENGINE_STOPPED]
    reasons = []
    if capabilities.has_on_access and not capabilities.is_on_access_running:
        reasons.append(ProtectionReason.ON_ACCESS_STOPPED)
    if not capabilities.is_test_rules:
        reasons += _signature_reasons(capabilities.signatures_at_us, now, max_age)
    return reasons


def _signature_reasons(made_at_us: int | None, now: datetime, max_age: timedelta) -> list[ProtectionReason]:
    if made_at_us is None:
        return [ProtectionReason.SIGNATURES_MISSING]
    is_old = int(now.timestamp() * 1_000_000) - made_at_us >= max_age // timedelta(microseconds=1)
    return [ProtectionReason.SIGNATURES_OLD] if is_old else []
