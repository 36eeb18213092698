"""Keeps Defender as policies want it, or reports how it differs; a refusal is told and not fought."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from seatkeep_protocol.messages import SettingDifference

from seatkeep_endpoint.defender.policy import MODE, Difference, PolicyMode, differences
from seatkeep_endpoint.defender.reading import first_record
from seatkeep_endpoint.defender.runner import Failure, Runner, Script, failure_read
from seatkeep_endpoint.errors import DefenderRefusedError

log = logging.getLogger(__name__)
TRY_AGAIN = timedelta(hours=6)
MAX_TEXT = 500
UNKNOWN_HERE = "this Windows does not know the setting, or does not let it be read"
TAMPER = "Windows did not take it: tamper protection is on"
ANOTHER = "Windows did not take it: a group policy or another tool decides it"


class Preferences(NamedTuple):
    """What `prefer.ps1` answers: what failed by setting, and the preferences afterwards."""

    failures: dict[str, Failure]
    preference: dict[str, Any]


class Enforcer:
    """The policy half of the adapter.

    Args:
        runner: Asks Defender.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._tried: dict[str, tuple[str, datetime, str]] = {}

    def keep(
        self, chosen: Mapping[str, Any], preference: Mapping[str, Any], *, is_tamper_protected: bool, now: datetime
    ) -> dict[str, SettingDifference]:
        """Audit or enforce; the policy report of what differs afterwards.

        What was refused is tried again when the policy wants something else, else after six hours.

        Args:
            chosen: Settings that somebody set, `defender.mode` among them.
            preference: MSFT_MpPreference as just read.
            is_tamper_protected: To say the likely reason of a refusal.
            now: Current time, aware UTC.

        Raises:
            DefenderError: Defender could not be asked.
        """
        mode = PolicyMode(chosen.get(MODE, PolicyMode.OFF))
        if mode is PolicyMode.OFF:
            self._tried.clear()
            return {}
        found = differences(chosen, preference)
        if mode is PolicyMode.AUDIT:
            self._tried.clear()
            return report(found, {})
        due = [one for one in found if one.changes and self._is_due(one, now)]
        if due:
            found = self._change(chosen, due, is_tamper_protected=is_tamper_protected, now=now)
        return report(found, {setting: why for setting, (_, _, why) in self._tried.items()})

    def _is_due(self, difference: Difference, now: datetime) -> bool:
        wanted, tried_at, _ = self._tried.get(difference.setting, ("", now - TRY_AGAIN, ""))
        return wanted != difference.wanted or now - tried_at >= TRY_AGAIN

    def _change(
        self, chosen: Mapping[str, Any], due: list[Difference], *, is_tamper_protected: bool, now: datetime
    ) -> list[Difference]:
        """Make the changes once and look what became of them; returns what still differs."""
        changes = [
            {"setting": one.setting, "verb": change.verb, "arguments": dict(change.arguments)}
            for one in due
            for change in one.changes
        ]
        log.info("Defender is set as policies want: %s", ", ".join(sorted({one.setting for one in due})))
        done = preferences_read(self._runner.ask(Script.PREFER, {"changes": changes}))
        if not done.preference:
            raise DefenderRefusedError("Defender's settings could not be read after they were changed")
        still = differences(chosen, done.preference)
        left = {one.setting for one in still}
        for one in due:
            self._tried.pop(one.setting, None)
            if one.setting in left:
                failure = done.failures.get(one.setting)
                why = str(failure) if failure else (TAMPER if is_tamper_protected else ANOTHER)
                self._tried[one.setting] = (one.wanted, now, why)
        return still


def preferences_read(raw: Any) -> Preferences:
    """Read an answer of `prefer.ps1`; what makes no sense counts as nothing."""
    fields = raw if isinstance(raw, dict) else {}
    part, failed = fields.get("preference"), fields.get("failures")
    failures = {name: failure_read(why) for name, why in failed.items()} if isinstance(failed, dict) else {}
    return Preferences(failures, first_record(part.get("found") if isinstance(part, dict) else None))


def report(found: Iterable[Difference], refused: Mapping[str, str]) -> dict[str, SettingDifference]:
    """Differences as the manager hears them."""
    return {
        one.setting: SettingDifference(
            wanted=one.wanted[:MAX_TEXT],
            found=one.found[:MAX_TEXT],
            why=(refused.get(one.setting, "") if one.changes else UNKNOWN_HERE)[:MAX_TEXT],
        )
        for one in found
    }
