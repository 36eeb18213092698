"""Engines in words: who they are, what each declares, and how one differs from what policies want."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.settings_schema import product_schema

from seatkeep_manager.console.policy_words import choice_words
from seatkeep_manager.detections.enums import Action, Engine
from seatkeep_manager.directory.models import Device

MODES: dict[str, tuple[str, Promise]] = {
    "ACTIVE": ("ok", _("Protects")),
    "PASSIVE": ("info", _("Passive: another product protects")),
    "BLOCKING": ("info", _("Passive, ends what it finds running")),
    "OFF": ("off", _("Off")),
}
CAPABILITIES: tuple[tuple[str, Promise], ...] = (
    ("on_demand", _("scans on demand")),
    ("scheduled", _("scans by schedule")),
    ("is_on_access_running", _("checks files as they are opened")),
    ("self_protection", _("guards itself")),
    ("is_test_rules", _("test rules only")),
)
POLICY_MODES: dict[str, Promise] = {
    "AUDIT": _("The policy reports differences only (Audit); choose Enforce there to have them corrected."),
    "ENFORCE": _("The policy corrects differences (Enforce); these could not be."),
}


@dataclass(frozen=True)
class EngineRow:
    """One engine of a computer.

    Attributes:
        declares: What it can and does, in words.
        error: Why it cannot be asked now, or "".
    """

    name: str
    version: str
    tone: str
    state: str
    declares: tuple[str, ...]
    signatures_version: str
    signatures_at: datetime | None
    last_scan_at: datetime | None
    error: str


@dataclass(frozen=True)
class DifferenceRow:
    """A setting of an engine that is not as policies want it."""

    engine: str
    title: str
    wanted: str
    found: str
    why: str


def engine_name(code: str) -> str:
    """An engine's name; one that no release of this program knew is shown as it is."""
    return dict(Engine.choices).get(code, code)


def action_words(code: str) -> str:
    """What an engine did about a finding."""
    return str(dict(Action.choices).get(code, code))


def engine_rows(device: Device) -> list[EngineRow]:
    """The engines that a computer last reported: ours, then those of others."""
    status = device.endpoint_status
    if not status:
        return []
    others = status.get("engines") or []
    return [_own(status, is_alone=not others), *(_other(one) for one in others)]


def difference_rows(device: Device) -> list[DifferenceRow]:
    """How engines differ from what policies want."""
    return list(_differences(device.endpoint_status))


def policy_mode_words(device: Device) -> str:
    """What the policy does about differences."""
    settings = device.endpoint_status.get("settings") or {}
    return str(POLICY_MODES.get(settings.get("defender.mode", ""), ""))


def _own(status: dict[str, Any], *, is_alone: bool) -> EngineRow:
    """Our own engine; beside another one what is declared is said of both together, so it is shown there."""
    declared = status.get("capabilities") or {}
    is_running = bool(declared.get("is_running"))
    tone, state = ("ok", _("Runs")) if is_running else ("bad", _("Does not run"))
    if not is_alone:
        tone, state = "info", _("Scans beside it")
    return EngineRow(
        name=engine_name(str(status.get("engine", ""))),
        version=str(status.get("engine_version", "")),
        tone=tone,
        state=str(state),
        declares=_declares(declared) if is_alone else (str(_("scans on demand")),),
        signatures_version="",
        signatures_at=_instant(declared.get("signatures_at_us")) if is_alone else None,
        last_scan_at=None,
        error="",
    )


def _other(report: dict[str, Any]) -> EngineRow:
    declared = report.get("capabilities") or {}
    tone, state = MODES.get(str(report.get("mode")), ("info", str(report.get("mode", ""))))
    guards = (str(_("tamper protection on")),) if report.get("is_tamper_protected") else ()
    return EngineRow(
        name=engine_name(str(report.get("engine", ""))),
        version=str(report.get("version", "")),
        tone="bad" if report.get("error") else tone,
        state=str(state),
        declares=_declares(declared) + guards,
        signatures_version=str(report.get("signatures_version", "")),
        signatures_at=_instant(declared.get("signatures_at_us")),
        last_scan_at=_instant(max(report.get("last_quick_scan_at_us") or 0, report.get("last_full_scan_at_us") or 0)),
        error=str(report.get("error", "")),
    )


def _declares(capabilities: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(words) for name, words in CAPABILITIES if capabilities.get(name))


def _differences(status: dict[str, Any]) -> Iterator[DifferenceRow]:
    settings = product_schema("endpoint").properties
    for report in status.get("engines") or []:
        for name, one in sorted((report.get("differences") or {}).items()):
            title = settings[name].title if name in settings else name
            engine = engine_name(str(report.get("engine", "")))
            wanted, found = (choice_words(str(one.get(side, ""))) for side in ("wanted", "found"))
            yield DifferenceRow(engine, title, wanted, found, str(one.get("why", "")))


def _instant(microseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(min(microseconds, 2**57) / 1_000_000, tz=UTC) if microseconds else None
