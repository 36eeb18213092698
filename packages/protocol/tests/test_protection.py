"""Protection status has one meaning."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from protocol_cast import NOW, NOW_US
from seatkeep_protocol.protection import Capabilities, Protection, capabilities_combine, protection_status
from seatkeep_protocol.vocabulary import LicenseState, ProtectionReason, ProtectionStatus

FULL = Capabilities(is_running=True, has_on_access=True, is_on_access_running=True, signatures_at_us=NOW_US)
THREE_DAYS_US = 3 * 86_400 * 1_000_000


def status(
    capabilities: Capabilities | None = FULL, state: LicenseState = LicenseState.ACTIVE, open_threats: int = 0
) -> Protection:
    return protection_status(capabilities, state, open_threats=open_threats, now=NOW)


def changed(**changes: object) -> Capabilities:
    return msgspec.structs.replace(FULL, **changes)


@pytest.mark.parametrize("state", [LicenseState.ACTIVE, LicenseState.SOFT_EXPIRED])
def test_license_in_order_and_on_access_running_is_protected(state: LicenseState) -> None:
    assert status(state=state) == (ProtectionStatus.PROTECTED, ())


def test_an_engine_with_on_access_protects_beside_test_rules_of_our_own() -> None:
    own = Capabilities(is_running=True, is_test_rules=True, ram_bytes=1)

    both = capabilities_combine(own, changed(self_protection=True, ram_bytes=2))

    assert status(both) == (ProtectionStatus.PROTECTED, ())
    assert (both.on_demand, both.self_protection, both.ram_bytes) == (True, True, 3)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (changed(is_on_access_running=False), ProtectionReason.ON_ACCESS_STOPPED),
        (changed(signatures_at_us=1), ProtectionReason.SIGNATURES_OLD),
        (changed(is_running=False), ProtectionReason.ENGINE_STOPPED),
    ],
)
def test_a_sick_engine_beside_ours_is_not_hidden_by_ours(other: Capabilities, reason: ProtectionReason) -> None:
    both = capabilities_combine(Capabilities(is_running=True, signatures_at_us=NOW_US), other)

    assert status(both) == (ProtectionStatus.NOT_PROTECTED, (reason,))


@pytest.mark.parametrize("other", [None, changed(has_on_access=False, is_on_access_running=False)])
def test_an_engine_that_only_watches_adds_nothing(other: Capabilities | None) -> None:
    own = Capabilities(is_running=True, signatures_at_us=NOW_US)

    assert capabilities_combine(own, other) == own


def test_engine_without_on_access_is_scan_only() -> None:
    limited = changed(has_on_access=False, is_on_access_running=False)

    assert status(limited) == (ProtectionStatus.SCAN_ONLY, (ProtectionReason.NO_ON_ACCESS,))


def test_test_rules_are_grey_whatever_their_age() -> None:
    rules = changed(is_test_rules=True, signatures_at_us=0)

    assert status(rules) == (ProtectionStatus.TEST_RULES, (ProtectionReason.TEST_RULES_ONLY,))


def test_device_without_endpoint_is_not_protected() -> None:
    assert status(None) == (ProtectionStatus.NOT_PROTECTED, (ProtectionReason.NO_ENDPOINT,))


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (LicenseState.NONE, ProtectionReason.LICENSE_MISSING),
        (LicenseState.REFUSED, ProtectionReason.LICENSE_MISSING),
        (LicenseState.LAPSED, ProtectionReason.LICENSE_LAPSED),
        (LicenseState.STOPPED, ProtectionReason.LICENSE_STOPPED),
    ],
)
def test_license_not_in_order_is_red_and_says_why(state: LicenseState, reason: ProtectionReason) -> None:
    assert status(state=state) == (ProtectionStatus.NOT_PROTECTED, (reason,))


@pytest.mark.parametrize(
    ("capabilities", "reason"),
    [
        (changed(is_running=False), ProtectionReason.ENGINE_STOPPED),
        (changed(is_on_access_running=False), ProtectionReason.ON_ACCESS_STOPPED),
        (changed(signatures_at_us=None), ProtectionReason.SIGNATURES_MISSING),
        (changed(signatures_at_us=NOW_US - THREE_DAYS_US), ProtectionReason.SIGNATURES_OLD),
    ],
)
def test_engine_not_in_order_is_red_and_says_why(capabilities: Capabilities, reason: ProtectionReason) -> None:
    assert status(capabilities) == (ProtectionStatus.NOT_PROTECTED, (reason,))


def test_signatures_just_below_three_days_are_fresh() -> None:
    assert status(changed(signatures_at_us=NOW_US - THREE_DAYS_US + 1)).status is ProtectionStatus.PROTECTED


def test_policy_may_allow_older_signatures() -> None:
    old = changed(signatures_at_us=NOW_US - THREE_DAYS_US)
    lenient = protection_status(old, LicenseState.ACTIVE, open_threats=0, now=NOW, signatures_max_age=timedelta(days=7))

    assert lenient.status is ProtectionStatus.PROTECTED


def test_open_threat_is_red_even_with_test_rules() -> None:
    assert status(changed(is_test_rules=True), open_threats=1) == (
        ProtectionStatus.NOT_PROTECTED,
        (ProtectionReason.THREAT_OPEN,),
    )


def test_every_red_reason_is_named() -> None:
    assert status(changed(is_running=False), LicenseState.STOPPED, open_threats=2).reasons == (
        ProtectionReason.LICENSE_STOPPED,
        ProtectionReason.ENGINE_STOPPED,
        ProtectionReason.THREAT_OPEN,
    )
