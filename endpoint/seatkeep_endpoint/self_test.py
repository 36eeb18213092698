"""`seatkeep-endpoint self-test`: does this Windows answer as the Defender adapter expects? Asks, and changes nothing.

The adapter was written after Microsoft's documentation. What a real machine says is what proves it, so the report is
made to be attached to a bug: numbers, switches and versions stand in it, paths, names of people and computers do not.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

import msgspec
from seatkeep_protocol.settings_schema import ENDPOINT, product_schema

from seatkeep_endpoint import __version__
from seatkeep_endpoint.defender.policy import COMPARE, differences
from seatkeep_endpoint.defender.reading import PARTS, first_record, status_read, threats_read
from seatkeep_endpoint.defender.room import Look, look_read
from seatkeep_endpoint.defender.runner import Runner, Script
from seatkeep_endpoint.defender.scrubbing import Scrubber
from seatkeep_endpoint.defender.values import items, micros, records
from seatkeep_endpoint.defender.words import MODES
from seatkeep_endpoint.errors import DefenderAbsentError, DefenderError

REPORT = "seatkeep-self-test"
SHOWN = 3


class Outcome(StrEnum):
    """How a check went."""

    PASSED = "passed"
    FAILED = "FAILED"


class ExitCode(IntEnum):
    """How the command ends."""

    AS_EXPECTED = 0
    DIFFERENT = 1
    NOTHING_TO_TEST = 3


class Check(msgspec.Struct, frozen=True):
    """One question and what came of it.

    Attributes:
        name: Such as "status".
        detail: A sentence for people.
        facts: What was seen, without anything private.
    """

    name: str
    outcome: Outcome
    detail: str
    facts: dict[str, Any] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a self-test found."""

    version: str
    system: str
    at: str
    checks: list[Check]

    @property
    def exit_code(self) -> ExitCode:
        """How the command ends."""
        if not self.checks:
            return ExitCode.NOTHING_TO_TEST
        is_good = all(check.outcome is Outcome.PASSED for check in self.checks)
        return ExitCode.AS_EXPECTED if is_good else ExitCode.DIFFERENT


def self_test(runner: Runner | None, *, now: datetime, scrub: Scrubber) -> Report:
    """Ask everything that can be asked without changing anything.

    Args:
        runner: How Defender is asked; None on a system that has none.
        now: Current time, aware UTC.
        scrub: Takes out what is private.
    """
    checks: list[Check] = []
    if runner is not None:
        try:
            look = look_read(runner.ask(Script.LOOK))
        except DefenderAbsentError as error:
            return _report([], f"{platform.platform()}; {scrub.words(str(error))}", now)
        except DefenderError as error:
            checks.append(Check("look", Outcome.FAILED, scrub.words(str(error))))
        else:
            checks = [check(look, now, scrub) for check in CHECKS] + [_command(runner, scrub)]
    return _report(checks, platform.platform(), now)


def _report(checks: list[Check], system: str, now: datetime) -> Report:
    return Report(version=__version__, system=system, at=now.isoformat(timespec="seconds"), checks=checks)


def report_text(report: Report) -> str:
    """The report for people."""
    lines = [f"Seatkeep endpoint {report.version}, self-test of {report.at}", report.system, ""]
    if not report.checks:
        lines.append("Nothing to test: this is no Windows with PowerShell and Microsoft Defender.")
    for check in report.checks:
        lines.append(f"{check.outcome.value:7} {check.name}: {check.detail}")
        lines += [f"        {name} = {value}" for name, value in check.facts.items()]
    return "\n".join(lines) + "\n"


def report_write(report: Report, folder: Path) -> list[Path]:
    """Write the report as JSON and as text; returns the files.

    Raises:
        OSError: The folder cannot be written.
    """
    paths = [folder / f"{REPORT}.json", folder / f"{REPORT}.txt"]
    paths[0].write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    paths[1].write_text(report_text(report), encoding="utf-8")
    return paths


def self_test_run(runner: Runner | None, folder: Path, *, now: datetime, scrub: Scrubber) -> ExitCode:
    """The command: test, print, write.

    Raises:
        OSError: The report cannot be written.
    """
    report = self_test(runner, now=now, scrub=scrub)
    sys.stdout.write(report_text(report))
    for path in report_write(report, folder):
        sys.stdout.write(f"written: {path}\n")
    return report.exit_code


def _status(look: Look, now: datetime, scrub: Scrubber) -> Check:
    raw = first_record(look.parts.get("status"))
    if not raw:
        return _missing("status", look, scrub)
    status = status_read(raw, now)
    odd = [name for name in PARTS if status.parts[name] is None]
    if str(raw.get("AMRunningMode", "Normal")).strip().lower() not in MODES:
        odd.append("AMRunningMode")
    if status.signatures_at_us is None:
        odd.append("AntivirusSignatureLastUpdated")
    facts = {
        "mode": status.mode.value, "is_on_access_running": status.is_on_access_running,
        "is_tamper_protected": status.is_tamper_protected, **scrub.properties(raw),
    }  # fmt: skip
    return _judged("status", odd, "MSFT_MpComputerStatus is understood", facts)


def _preference(look: Look, now: datetime, scrub: Scrubber) -> Check:
    raw = first_record(look.parts.get("preference"))
    if not raw:
        return _missing("preference", look, scrub)
    defaults = product_schema(ENDPOINT).defaults()
    chosen = {name: defaults[name] or ["seatkeep-self-test"] for name in COMPARE if "rules" not in name}
    odd = [one.setting for one in differences(chosen, raw) if not one.found]
    return _judged("preference", odd, "every setting that policies know can be read", scrub.properties(raw))


def _threats(look: Look, now: datetime, scrub: Scrubber) -> Check:
    for part in ("threats", "detections"):
        if part in look.failures:
            return _missing(part, look, scrub)
    raw = records(look.parts.get("detections"))
    found = threats_read(look.parts.get("threats"), raw)
    odd = ["InitialDetectionTime"] if any(micros(one.get("InitialDetectionTime")) is None for one in raw) else []
    if len(found) != len(items(look.parts.get("detections"))):
        odd.append("DetectionID")
    known = records(look.parts.get("threats"))
    facts: dict[str, Any] = {"detections": len(found), "threats": len(known)}
    for kind, some in (("threat", known), ("detection", raw)):
        facts |= {f"{kind} {number}": scrub.properties(one) for number, one in enumerate(some[-SHOWN:])}
    return _judged("threats", odd, "threats and detections are understood", facts)


CHECKS: Sequence[Callable[[Look, datetime, Scrubber], Check]] = (_status, _preference, _threats)


def _command(runner: Runner, scrub: Scrubber) -> Check:
    """Defender's own program, by a question that changes nothing."""
    try:
        said = runner.command(["-Restore", "-ListAll"])
    except DefenderError as error:
        return Check("quarantine", Outcome.FAILED, scrub.words(str(error)))
    return Check("quarantine", Outcome.PASSED, "MpCmdRun lists it", {"lines": len(said.splitlines())})


def _missing(part: str, look: Look, scrub: Scrubber) -> Check:
    failure = look.failures.get(part)
    why = scrub.words(str(failure)) if failure else "nothing came"
    return Check(part, Outcome.FAILED, why)


def _judged(name: str, odd: Sequence[str], words: str, facts: Mapping[str, Any]) -> Check:
    if odd:
        return Check(name, Outcome.FAILED, f"not told, or not as documented: {', '.join(odd)}", dict(facts))
    return Check(name, Outcome.PASSED, words, dict(facts))
