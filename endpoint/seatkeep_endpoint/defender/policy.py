"""What policies want of Defender's settings, and how far it is from that. Pure.

Only what a policy (or the machine's own file) sets is compared; everything else stays as it is on the machine.

Source:
    Microsoft Learn, Set-MpPreference, MSFT_MpPreference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from seatkeep_endpoint.defender.values import items, minutes_of_day, texts, truth, whole

PREFIX = "defender."
MODE = "defender.mode"
NO_RIGHTS_MARK = "N/A:"  # What Get-MpPreference gives instead of exclusions to whoever may not see them.


class PolicyMode(StrEnum):
    """What becomes of differences."""

    OFF = "OFF"
    AUDIT = "AUDIT"
    ENFORCE = "ENFORCE"


@dataclass(frozen=True)
class Change:
    """One call that brings Defender nearer to the policies.

    Attributes:
        setting: Which setting it serves.
        verb: "set", "add" or "remove".
        arguments: Parameters of Set-, Add- or Remove-MpPreference.
    """

    setting: str
    verb: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """A setting that is not as wanted.

    Attributes:
        wanted: What policies want, for people.
        found: What Defender has, for people; "" when this Defender does not know the setting.
        changes: What would mend it; none when nothing can.
    """

    setting: str
    wanted: str
    found: str
    changes: tuple[Change, ...] = field(default=())


Compare = Callable[[str, Any, Mapping[str, Any]], Difference | None]


def differences(chosen: Mapping[str, Any], preference: Mapping[str, Any]) -> list[Difference]:
    """How Defender differs from what was chosen.

    Args:
        chosen: Settings that somebody set, by name; values fit the schema. Other products' settings are passed over.
        preference: The properties of MSFT_MpPreference.
    """
    found = (COMPARE[name](name, value, preference) for name, value in chosen.items() if name in COMPARE)
    return [difference for difference in found if difference is not None]


def _switch(parameter: str) -> Compare:
    """A yes that Defender keeps as a no ("Disable…")."""

    def compare(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
        disabled = truth(preference.get(parameter))
        if disabled is (not wanted):
            return None
        found = "" if disabled is None else _on_off(is_on=not disabled)
        return _plain(setting, _on_off(is_on=wanted), found, {parameter: not wanted})

    return compare


def _choice(parameter: str, numbers: Mapping[str, int]) -> Compare:
    """One of several, which Defender keeps as a number."""
    names = {number: name for name, number in numbers.items()}

    def compare(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
        number = whole(preference.get(parameter))
        if number == numbers[wanted]:
            return None
        found = "" if number is None else names.get(number, str(number))
        return _plain(setting, wanted, found, {parameter: numbers[wanted]})

    return compare


def _amount(parameter: str) -> Compare:
    def compare(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
        number = whole(preference.get(parameter))
        if number == wanted:
            return None
        return _plain(setting, str(wanted), "" if number is None else str(number), {parameter: wanted})

    return compare


def _time(parameter: str) -> Compare:
    def compare(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
        minutes = minutes_of_day(preference.get(parameter))
        if minutes == minutes_of_day(wanted):
            return None
        found = "" if minutes is None else f"{minutes // 60:02d}:{minutes % 60:02d}"
        return _plain(setting, wanted, found, {parameter: f"{wanted}:00"})

    return compare


def _exclusions(parameter: str, comparable: Callable[[str], str]) -> Compare:
    """A list that is to be exactly this one; case does not count on Windows."""

    def compare(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
        present = texts(preference.get(parameter))
        if present and present[0].startswith(NO_RIGHTS_MARK):
            return Difference(setting, ", ".join(wanted), "")
        known, asked = {comparable(item) for item in present}, {comparable(item) for item in wanted}
        missing = [item for item in wanted if comparable(item) not in known]
        beyond = [item for item in present if comparable(item) not in asked]
        steps = (("add", missing), ("remove", beyond))
        changes = tuple(Change(setting, verb, {parameter: some}) for verb, some in steps if some)
        if not changes:
            return None
        return Difference(setting, ", ".join(wanted) or "none", ", ".join(present) or "none", changes)

    return compare


def _rules(setting: str, wanted: Any, preference: Mapping[str, Any]) -> Difference | None:
    """Attack surface reduction: rules by id, each with its action; others stay as they are."""
    ids = [rule.lower() for rule in texts(preference.get("AttackSurfaceReductionRules_Ids"))]
    actions = map(whole, items(preference.get("AttackSurfaceReductionRules_Actions")))
    present = dict(zip(ids, actions, strict=False))
    asked = {rule.lower(): RULE_ACTIONS[action] for rule, _, action in (line.partition("=") for line in wanted)}
    apart = {rule: action for rule, action in asked.items() if (present.get(rule) or 0) != action}
    if not apart:
        return None
    arguments = {
        "AttackSurfaceReductionRules_Ids": list(apart), "AttackSurfaceReductionRules_Actions": list(apart.values()),
    }  # fmt: skip
    return Difference(
        setting,
        rules_text(apart),
        rules_text({rule: present.get(rule) or 0 for rule in apart}),
        (Change(setting, "add", arguments),),
    )


def rules_text(rules: Mapping[str, int]) -> str:
    """Rules for people."""
    names = {number: name for name, number in RULE_ACTIONS.items()}
    return ", ".join(f"{rule}={names.get(action, action)}" for rule, action in rules.items())


def _plain(setting: str, wanted: str, found: str, arguments: Mapping[str, Any]) -> Difference:
    """A setting that one call sets; none that this Defender does not have."""
    changes = (Change(setting, "set", arguments),) if found else ()
    return Difference(setting, wanted, found, changes)


def _on_off(*, is_on: bool) -> str:
    return "on" if is_on else "off"


def comparable_path(path: str) -> str:
    """A path as Windows compares it."""
    return path.replace("/", "\\").rstrip("\\").casefold()


def comparable_extension(extension: str) -> str:
    """An extension with or without its dot is the same."""
    return extension.lstrip(".").casefold()


RULE_ACTIONS = {"OFF": 0, "BLOCK": 1, "AUDIT": 2, "WARN": 6}
_THREE = {"DISABLED": 0, "ENABLED": 1, "AUDIT": 2}
_DAYS = ("EVERY_DAY", "SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "NEVER")
COMPARE: dict[str, Compare] = {
    "defender.real_time": _switch("DisableRealtimeMonitoring"),
    "defender.behavior_monitoring": _switch("DisableBehaviorMonitoring"),
    "defender.scan_downloads": _switch("DisableIOAVProtection"),
    "defender.network_protection": _choice("EnableNetworkProtection", _THREE),
    "defender.cloud_reporting": _choice("MAPSReporting", {"DISABLED": 0, "BASIC": 1, "ADVANCED": 2}),
    "defender.cloud_level": _choice(
        "CloudBlockLevel", {"DEFAULT": 0, "MODERATE": 1, "HIGH": 2, "HIGH_PLUS": 4, "ZERO_TOLERANCE": 6}
    ),
    "defender.sample_submission": _choice(
        "SubmitSamplesConsent", {"ALWAYS_PROMPT": 0, "SEND_SAFE": 1, "NEVER": 2, "SEND_ALL": 3}
    ),
    "defender.pua": _choice("PUAProtection", _THREE),
    "defender.scan_kind": _choice("ScanParameters", {"QUICK": 1, "FULL": 2}),
    "defender.scan_day": _choice("ScanScheduleDay", {day: number for number, day in enumerate(_DAYS)}),
    "defender.scan_time": _time("ScanScheduleTime"),
    "defender.signature_update_hours": _amount("SignatureUpdateInterval"),
    "defender.exclusion_paths": _exclusions("ExclusionPath", comparable_path),
    "defender.exclusion_extensions": _exclusions("ExclusionExtension", comparable_extension),
    "defender.exclusion_processes": _exclusions("ExclusionProcess", comparable_path),
    "defender.attack_surface_rules": _rules,
}
