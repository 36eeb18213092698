"""Policies for Defender: what differs is reported, or mended once; a refusal is told and not fought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from defender_recordings import NOW, PREFERENCE, RecordedRunner
from seatkeep_endpoint.defender.enforcing import ANOTHER, TAMPER, TRY_AGAIN, UNKNOWN_HERE, Enforcer
from seatkeep_endpoint.defender.policy import COMPARE, differences
from seatkeep_endpoint.defender.runner import Script, script_text
from seatkeep_endpoint.errors import DefenderRefusedError
from seatkeep_protocol.messages import SettingDifference
from seatkeep_protocol.settings_schema import ENDPOINT, product_schema

AS_IT_IS = {
    "defender.real_time": True, "defender.behavior_monitoring": True, "defender.scan_downloads": True,
    "defender.network_protection": "DISABLED", "defender.cloud_reporting": "ADVANCED",
    "defender.cloud_level": "DEFAULT", "defender.sample_submission": "SEND_SAFE", "defender.pua": "DISABLED",
    "defender.scan_kind": "QUICK", "defender.scan_day": "EVERY_DAY", "defender.scan_time": "02:00",
    "defender.exclusion_paths": ["c:/data/", r"D:\Backup"], "defender.exclusion_extensions": [],
    "defender.exclusion_processes": ["SQLSERVR.EXE"],
    "defender.attack_surface_rules": ["d4f940ab-401b-4efc-aadc-ad5f3c50688a=BLOCK"],
}  # fmt: skip


def wants(**settings: Any) -> dict[str, Any]:
    """Settings of a policy that enforces, by the names behind "defender."."""
    named = {f"defender.{name}": value for name, value in settings.items()}
    return {"defender.mode": "ENFORCE", **named}


class Machine:
    """An enforcer before a recorded Defender."""

    def __init__(self) -> None:
        self.runner = RecordedRunner()
        self.enforcer = Enforcer(self.runner)
        self.now = NOW

    def keep(self, chosen: dict[str, Any], *, is_tamper_protected: bool = False) -> dict[str, SettingDifference]:
        return self.enforcer.keep(chosen, self.runner.preference, is_tamper_protected=is_tamper_protected, now=self.now)

    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        return [(one["verb"], one["arguments"]) for _, data in self.runner.asked for one in data["changes"]]


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_every_setting_of_the_schema_is_compared() -> None:
    named = {name for name in product_schema(ENDPOINT).properties if name.startswith("defender.")}

    assert named == set(COMPARE) | {"defender.mode"}


def test_what_is_as_wanted_does_not_differ() -> None:
    assert differences(AS_IT_IS, PREFERENCE) == []


@pytest.mark.parametrize(
    ("setting", "wanted", "found", "verb", "arguments"),
    [
        ("real_time", False, "on", "set", {"DisableRealtimeMonitoring": True}),
        ("pua", "AUDIT", "DISABLED", "set", {"PUAProtection": 2}),
        ("network_protection", "ENABLED", "DISABLED", "set", {"EnableNetworkProtection": 1}),
        ("cloud_reporting", "BASIC", "ADVANCED", "set", {"MAPSReporting": 1}),
        ("cloud_level", "ZERO_TOLERANCE", "DEFAULT", "set", {"CloudBlockLevel": 6}),
        ("sample_submission", "NEVER", "SEND_SAFE", "set", {"SubmitSamplesConsent": 2}),
        ("scan_kind", "FULL", "QUICK", "set", {"ScanParameters": 2}),
        ("scan_day", "SATURDAY", "EVERY_DAY", "set", {"ScanScheduleDay": 7}),
        ("scan_day", "NEVER", "EVERY_DAY", "set", {"ScanScheduleDay": 8}),
        ("scan_time", "02:30", "02:00", "set", {"ScanScheduleTime": "02:30:00"}),
        ("signature_update_hours", 4, "0", "set", {"SignatureUpdateInterval": 4}),
        ("exclusion_extensions", [".bak"], "none", "add", {"ExclusionExtension": [".bak"]}),
        (
            "attack_surface_rules",
            ["d4f940ab-401b-4efc-aadc-ad5f3c50688a=AUDIT"],
            "d4f940ab-401b-4efc-aadc-ad5f3c50688a=BLOCK",
            "add",
            {
                "AttackSurfaceReductionRules_Ids": ["d4f940ab-401b-4efc-aadc-ad5f3c50688a"],
                "AttackSurfaceReductionRules_Actions": [2],
            },
        ),
    ],
)
def test_a_difference_says_what_would_mend_it(
    setting: str, wanted: Any, found: str, verb: str, arguments: dict[str, Any]
) -> None:
    (difference,) = differences({f"defender.{setting}": wanted}, PREFERENCE)

    assert difference.found == found
    assert [(change.verb, change.arguments) for change in difference.changes] == [(verb, arguments)]


def test_enforced_exclusions_are_exactly_those_of_the_policies(machine: Machine) -> None:
    """An exclusion that malware added goes."""
    assert machine.keep(wants(exclusion_paths=[r"c:\DATA", r"E:\Mail"])) == {}

    assert machine.runner.preference["ExclusionPath"] == [r"C:\Data", r"E:\Mail"]
    assert machine.changes() == [
        ("add", {"ExclusionPath": [r"E:\Mail"]}),
        ("remove", {"ExclusionPath": [r"D:\Backup"]}),
    ]


def test_audit_reports_and_changes_nothing(machine: Machine) -> None:
    found = machine.keep(wants(pua="ENABLED", real_time=True) | {"defender.mode": "AUDIT"})

    assert found == {"defender.pua": SettingDifference(wanted="ENABLED", found="DISABLED")}
    assert machine.runner.asked == []


def test_off_does_neither(machine: Machine) -> None:
    assert machine.keep(wants(pua="ENABLED") | {"defender.mode": "OFF"}) == {}
    assert machine.keep({"defender.pua": "ENABLED"}) == {}
    assert machine.runner.asked == []


def test_only_what_differs_is_set_and_only_once(machine: Machine) -> None:
    policy = wants(pua="ENABLED", real_time=True, scan_day="SUNDAY")

    assert machine.keep(policy) == machine.keep(policy) == {}
    assert machine.changes() == [("set", {"PUAProtection": 1}), ("set", {"ScanScheduleDay": 1})]
    assert len(machine.runner.asked) == 1


@pytest.mark.parametrize(("is_tamper_protected", "why"), [(True, TAMPER), (False, ANOTHER)])
def test_what_windows_silently_ignores_is_reported_and_not_fought(
    machine: Machine, is_tamper_protected: bool, why: str
) -> None:
    machine.runner.ignored = {"DisableRealtimeMonitoring"}
    policy = wants(real_time=False)

    for _ in range(5):
        found = machine.keep(policy, is_tamper_protected=is_tamper_protected)
        assert found == {"defender.real_time": SettingDifference(wanted="off", found="on", why=why)}
    assert len(machine.runner.asked) == 1

    machine.now += TRY_AGAIN - timedelta(seconds=1)
    machine.keep(policy)
    assert len(machine.runner.asked) == 1
    machine.now += timedelta(seconds=1)
    machine.keep(policy)
    assert len(machine.runner.asked) == 2


def test_another_wish_is_tried_at_once(machine: Machine) -> None:
    machine.runner.ignored = {"PUAProtection"}
    machine.keep(wants(pua="ENABLED"))
    machine.keep(wants(pua="AUDIT"))

    assert machine.changes() == [("set", {"PUAProtection": 1}), ("set", {"PUAProtection": 2})]


def test_a_refusal_does_not_hold_up_the_others_and_says_windows_words(machine: Machine) -> None:
    machine.runner.refused = {"defender.pua": "Vorgang fehlgeschlagen"}

    found = machine.keep(wants(pua="ENABLED", scan_kind="FULL"))

    assert list(found) == ["defender.pua"]
    assert found["defender.pua"].why == "Vorgang fehlgeschlagen (HRESULT 0x80070005,Set-MpPreference)"
    assert machine.runner.preference["ScanParameters"] == 2


@pytest.mark.parametrize(
    ("settings", "preference"),
    [
        ({"network_protection": "ENABLED"}, {"EnableNetworkProtection": None}),
        ({"exclusion_paths": [r"C:\x"]}, {"ExclusionPath": ["N/A: Must be an administrator to view exclusions"]}),
    ],
)
def test_what_cannot_be_read_is_reported_and_not_set(
    machine: Machine, settings: dict[str, Any], preference: dict[str, Any]
) -> None:
    machine.runner.preference |= preference

    (found,) = machine.keep(wants(**settings)).values()

    assert (found.found, found.why) == ("", UNKNOWN_HERE)
    assert machine.runner.asked == []


@pytest.mark.parametrize("answer", [None, "", [], {"preference": 7}, {"failures": [], "preference": {"ok": False}}])
def test_an_answer_without_preferences_is_no_success(machine: Machine, answer: object) -> None:
    machine.runner.answers[Script.PREFER] = answer

    with pytest.raises(DefenderRefusedError):
        machine.keep(wants(pua="ENABLED"))


def test_a_policy_that_goes_leaves_defender_as_it_is(machine: Machine) -> None:
    machine.keep(wants(pua="ENABLED"))

    assert machine.keep({}) == {}
    assert machine.runner.preference["PUAProtection"] == 1


@pytest.mark.parametrize("text", ["'; Stop-Service WinDefend; '", "$(calc.exe)", '`" & whoami', "C:\\Müller\\"])
def test_a_value_stays_data_and_reaches_no_script_text(machine: Machine, text: str) -> None:
    machine.keep(wants(exclusion_paths=[text]))

    assert machine.changes()[0] == ("add", {"ExclusionPath": [text]})
    assert text not in script_text(Script.PREFER)
