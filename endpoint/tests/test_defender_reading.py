"""What Defender says of itself is read as documented, and nothing is guessed where it says less."""

from __future__ import annotations

from typing import Any

import pytest
from defender_recordings import (
    DETECTION,
    EICAR_ID,
    NEVER,
    NOW,
    OTHER_PRODUCT,
    PASSIVE_SERVER,
    SERVER_2016,
    STATUS,
    THREAT,
    ago,
)
from hypothesis import given
from hypothesis import strategies as st
from seatkeep_endpoint.defender.reading import resource_path, status_read, threats_read
from seatkeep_endpoint.defender.values import micros, minutes_of_day
from seatkeep_endpoint.defender.words import CATEGORIES, ThreatSeverity, ThreatStatus, category
from seatkeep_protocol.protection import protection_status
from seatkeep_protocol.vocabulary import (
    DetectionAction,
    EngineMode,
    LicenseState,
    ProtectionReason,
    ProtectionStatus,
    Severity,
)

HOUR_US = 3_600_000_000
NOW_US = int(NOW.timestamp() * 1_000_000)


def protection(raw: dict[str, Any]) -> tuple[ProtectionStatus, tuple[ProtectionReason, ...]]:
    capabilities = status_read(raw, NOW).capabilities()
    return protection_status(capabilities, LicenseState.ACTIVE, open_threats=0, now=NOW)


def test_a_healthy_defender_protects() -> None:
    status = status_read(STATUS, NOW)

    assert protection(STATUS) == (ProtectionStatus.PROTECTED, ())
    assert (status.mode, status.is_tamper_protected, status.version) == (EngineMode.ACTIVE, True, "4.18.26100.9")
    assert (status.last_quick_scan_at_us, status.last_full_scan_at_us) == (NOW_US - HOUR_US, None)
    assert status.capabilities().signatures_at_us == NOW_US - 5 * HOUR_US


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"RealTimeProtectionEnabled": False}, ProtectionReason.ON_ACCESS_STOPPED),
        ({"OnAccessProtectionEnabled": False}, ProtectionReason.ON_ACCESS_STOPPED),
        ({"RealTimeProtectionEnabled": None}, ProtectionReason.ON_ACCESS_STOPPED),
        ({"AntivirusSignatureLastUpdated": ago(days=4)}, ProtectionReason.SIGNATURES_OLD),
        ({"AntivirusSignatureLastUpdated": NEVER, "AntivirusSignatureAge": 65535}, ProtectionReason.SIGNATURES_MISSING),
        ({"AntivirusSignatureLastUpdated": None, "AntivirusSignatureAge": 9}, ProtectionReason.SIGNATURES_OLD),
        ({"AMRunningMode": "Not running"}, ProtectionReason.ENGINE_STOPPED),
    ],
)
def test_a_sick_defender_does_not(change: dict[str, Any], reason: ProtectionReason) -> None:
    raw = STATUS | change
    if reason is ProtectionReason.ENGINE_STOPPED:
        assert not status_read(raw, NOW).capabilities().is_running
    else:
        assert protection(raw) == (ProtectionStatus.NOT_PROTECTED, (reason,))


def test_an_older_windows_tells_less_and_is_understood() -> None:
    status = status_read(SERVER_2016, NOW)

    assert (status.mode, status.is_tamper_protected, status.version) == (EngineMode.ACTIVE, False, "")
    assert protection(SERVER_2016)[0] is ProtectionStatus.PROTECTED


@pytest.mark.parametrize(
    ("raw", "mode"),
    [
        (PASSIVE_SERVER, EngineMode.PASSIVE),
        (STATUS | {"AMRunningMode": "SxS Passive Mode"}, EngineMode.PASSIVE),
        (STATUS | {"AMRunningMode": "EDR Block Mode"}, EngineMode.BLOCKING),
        (OTHER_PRODUCT, EngineMode.OFF),
        (SERVER_2016 | {"AntivirusEnabled": False}, EngineMode.PASSIVE),
        (SERVER_2016 | {"AMServiceEnabled": False}, EngineMode.OFF),
        (STATUS | {"AMRunningMode": "Normaler Modus"}, EngineMode.ACTIVE),
        ({}, EngineMode.OFF),
    ],
)
def test_only_the_one_that_protects_claims_on_access(raw: dict[str, Any], mode: EngineMode) -> None:
    status = status_read(raw, NOW)

    assert status.mode is mode
    assert status.capabilities().has_on_access is (mode is EngineMode.ACTIVE)


@given(
    st.dictionaries(
        st.sampled_from(sorted(STATUS)),
        st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.lists(st.integers(), max_size=2)
        | st.dictionaries(st.just("value"), st.text(max_size=30), max_size=1),
    )
)  # fmt: skip
def test_nonsense_is_read_without_an_error(raw: dict[str, Any]) -> None:
    assert status_read(raw, NOW).mode in EngineMode


def test_a_threat_and_its_detection_are_one() -> None:
    (threat,) = threats_read(THREAT, [DETECTION])  # PowerShell makes a list of one the thing itself.

    assert (threat.name, threat.category, threat.severity) == (
        "Virus:DOS/EICAR_Test_File", "VIRUS", ThreatSeverity.SEVERE,
    )  # fmt: skip
    assert (threat.status, threat.action) == (ThreatStatus.QUARANTINED, DetectionAction.QUARANTINED)
    assert (threat.path, threat.is_file, threat.user) == (r"C:\Users\anna\Downloads\eicar.com", True, r"PRAXIS\anna")
    assert (threat.is_test, threat.is_active, threat.wire_severity) == (True, False, Severity.WARNING)
    assert threat.detected_at_us == NOW_US - HOUR_US // 12


@pytest.mark.parametrize(
    ("number", "action", "is_active"),
    [
        (0, DetectionAction.NONE, True),
        (1, DetectionAction.NONE, True),
        (2, DetectionAction.CLEANED, False),
        (3, DetectionAction.QUARANTINED, False),
        (4, DetectionAction.REMOVED, False),
        (5, DetectionAction.ALLOWED, False),
        (6, DetectionAction.BLOCKED, False),
        (102, DetectionAction.FAILED, True),
        (103, DetectionAction.FAILED, True),
        (104, DetectionAction.FAILED, True),
        (105, DetectionAction.FAILED, True),
        (107, DetectionAction.FAILED, True),
        (99, DetectionAction.NONE, True),
        ("3", DetectionAction.QUARANTINED, False),
        ("Quarantined", DetectionAction.NONE, True),
        (None, DetectionAction.NONE, True),
    ],
)
def test_what_became_of_a_threat_follows_the_documented_numbers(
    number: object, action: DetectionAction, is_active: bool
) -> None:
    (threat,) = threats_read([THREAT | {"IsActive": True}], [DETECTION | {"ThreatStatusID": number}])

    assert (threat.action, threat.is_active) == (action, is_active)


@pytest.mark.parametrize("number", [0, 1, 102, 105])
def test_an_old_entry_of_a_threat_that_is_gone_is_not_open(number: int) -> None:
    (threat,) = threats_read([THREAT | {"IsActive": False}], [DETECTION | {"ThreatStatusID": number}])

    assert not threat.is_active


def test_a_detection_whose_threat_is_forgotten_keeps_its_number() -> None:
    (threat,) = threats_read(None, DETECTION)

    assert threat.name == f"threat {EICAR_ID}"


@pytest.mark.parametrize(
    "detections", [None, [], "", 7, [None, "x", {}], [DETECTION | {"DetectionID": "no guid"}], [{"DetectionID": 4}]]
)
def test_what_is_no_detection_is_passed_over(detections: object) -> None:
    assert threats_read([THREAT], detections) == []


@pytest.mark.parametrize(
    ("resources", "found"),
    [
        ([r"file:_C:\a.exe"], (r"C:\a.exe", True)),
        ([r"regkey:_HKLM@SOFTWARE\Bad", r"file:_C:\a.exe"], (r"C:\a.exe", True)),
        ([r"containerfile:_C:\a.zip", r"file:_C:\a.zip->b.exe"], (r"C:\a.zip", False)),
        ([r"webfile:_C:\Users\Müller\a.exe|https://bad.example/a.exe|pid:1"], (r"C:\Users\Müller\a.exe", False)),
        (["process:_pid:4711,ProcessStart:133"], ("process:_pid:4711,ProcessStart:133", False)),
        ([], ("", False)),
    ],
)
def test_only_a_plain_file_can_be_put_back(resources: list[str], found: tuple[str, bool]) -> None:
    assert resource_path(resources) == found


def test_categories_have_their_documented_numbers() -> None:
    assert [CATEGORIES[number] for number in (5, 8, 27, 30, 42, 46, 48)] == [
        "WORM", "TROJAN", "POTENTIALLY_UNWANTED_SOFTWARE", "EXPLOIT", "VIRUS", "BEHAVIOR", "POLICY",
    ]  # fmt: skip
    assert category(4711) == category("trojan") == category(None) == "UNKNOWN"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("/Date(1375153305000)/", 1_375_153_305_000_000),
        ("/Date(1375153305000+0200)/", 1_375_153_305_000_000),
        ("2013-07-30T03:01:45.1234567Z", 1_375_153_305_123_456),
        ("2013-07-30T05:01:45+02:00", 1_375_153_305_000_000),
        ({"value": "/Date(1375153305000)/", "DateTime": "30. Juli 2013 05:01:45"}, 1_375_153_305_000_000),
        ("30.07.2013 03:01:45", None),
        ("/Date(99999999999999999999)/", None),
        (NEVER, None),
        ("0001-01-01T00:00:00", None),
        (1375153305, None),
        (None, None),
    ],
)
def test_instants_are_read_or_not_told(value: object, found: int | None) -> None:
    assert micros(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"TotalMinutes": 150.0}, 150),
        ("02:30:00", 150),
        ("2026-11-22T02:30:00", 150),
        (150, 150),
        ("150", 150),
        ("noon", None),
        (1440, None),
        ({}, None),
        (None, None),
    ],
)
def test_times_of_day_come_as_spans_texts_and_numbers(value: object, found: int | None) -> None:
    assert minutes_of_day(value) == found
