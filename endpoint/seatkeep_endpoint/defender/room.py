"""Microsoft Defender as the endpoint sees it: looked at every two minutes, asked when somebody wants something.

All methods but `run` block for as long as PowerShell takes; call them in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from seatkeep_protocol import local
from seatkeep_protocol.messages import EngineReport, SettingDifference
from seatkeep_protocol.protection import Capabilities
from seatkeep_protocol.vocabulary import EngineMode, ScanMethod

from seatkeep_endpoint.defender.enforcing import Enforcer, preferences_read
from seatkeep_endpoint.defender.reading import DefenderStatus, first_record, status_read, threats_read
from seatkeep_endpoint.defender.runner import SCAN_SECONDS, Failure, Runner, Script, failure_read
from seatkeep_endpoint.defender.threats import ENGINE, ThreatBook
from seatkeep_endpoint.defender.troubles import is_absent, meaning
from seatkeep_endpoint.errors import (
    DefenderAbsentError,
    DefenderError,
    DefenderRefusedError,
    DefenderUnheardError,
    QuarantineUnknownError,
)

log = logging.getLogger(__name__)
LOOK_SECONDS = 120.0
SCAN_TYPES = {ScanMethod.DEFENDER_QUICK: "QuickScan", ScanMethod.DEFENDER_FULL: "FullScan"}
OFF = Capabilities(is_running=False)


class Look(msgspec.Struct, frozen=True):
    """What one look gave: objects by class, and why a class gave none."""

    parts: dict[str, Any] = {}
    failures: dict[str, Failure] = {}


class DefenderRoom:
    """The adapter.

    Args:
        runner: Asks Defender.
        book: Remembers what it found.
        chosen: Gives the settings that somebody set.
        clock: Current time, aware UTC.
        may_enforce: Whether this product may work now (its license).
    """

    def __init__(
        self,
        *,
        runner: Runner,
        book: ThreatBook,
        chosen: Callable[[], Mapping[str, Any]],
        clock: Callable[[], datetime],
        may_enforce: Callable[[], bool],
    ) -> None:
        self._runner, self.book, self._chosen, self._clock = runner, book, chosen, clock
        self._may_enforce = may_enforce
        self._enforcer = Enforcer(runner)
        self._wake = asyncio.Event()
        self._looking = threading.Lock()
        self._status: DefenderStatus | None = None
        self._differences: dict[str, SettingDifference] = {}
        self._error = ""
        self.open_threats = 0

    async def run(self, on_look: Callable[[], None]) -> None:
        """Look again and again, until cancelled; `wake` makes it look at once.

        Args:
            on_look: Called after each look, in the event loop.
        """
        while True:
            self._wake.clear()
            await asyncio.to_thread(self.look)
            on_look()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Look soon: settings changed, or something was done."""
        self._wake.set()

    def close(self) -> None:
        """End whatever is being asked."""
        self._runner.close()

    def look(self) -> None:
        """Read everything, tell what is new, keep the policy. Failures are remembered and reported, never raised."""
        with self._looking:
            try:
                self._error = ""
                self._take(look_read(self._runner.ask(Script.LOOK)))
            except DefenderAbsentError as error:
                self._status, self.open_threats, self._differences = None, 0, {}
                self._error = str(error) if isinstance(error, DefenderUnheardError) else ""
                log.debug("no Defender: %s", error)
            except DefenderError as error:
                self._error = str(error)
                self._differences = self._differences if self._status else {}
                log.warning("Defender: %s", error)

    @property
    def capabilities(self) -> Capabilities | None:
        """What Defender declares; None when there is none on this machine, or it does not say."""
        return self._status.capabilities() if self._status else None

    def report(self) -> EngineReport | None:
        """Defender as the manager hears of it; None when there is none on this machine."""
        status = self._status
        if status is None:
            return EngineReport(engine=ENGINE, mode=EngineMode.OFF, capabilities=OFF, error=self._error[:1000]) \
                if self._error else None  # fmt: skip
        return EngineReport(
            engine=ENGINE, mode=status.mode, capabilities=status.capabilities(), version=status.version,
            signatures_version=status.signatures_version, last_quick_scan_at_us=status.last_quick_scan_at_us,
            last_full_scan_at_us=status.last_full_scan_at_us, is_tamper_protected=status.is_tamper_protected,
            differences=self._differences, error=self._error[:1000],
        )  # fmt: skip

    def scan(self, method: ScanMethod, targets: list[str]) -> None:
        """Scan, and return when it is over; Defender keeps what it finds and the next look tells it.

        Raises:
            DefenderError: It did not go through.
        """
        if method is ScanMethod.DEFENDER_CUSTOM:
            for target in targets:
                self._runner.ask(Script.SCAN, {"type": "CustomScan", "path": target}, seconds=SCAN_SECONDS)
        else:
            self._runner.ask(Script.SCAN, {"type": SCAN_TYPES[method]}, seconds=SCAN_SECONDS)

    def scan_cancel(self) -> None:
        """End whatever scan Defender runs.

        Raises:
            DefenderError: It did not.
        """
        self._runner.command(["-Scan", "-Cancel"])

    def signatures_update(self) -> None:
        """Fetch the newest signatures.

        Raises:
            DefenderError: It did not work.
        """
        self._runner.ask(Script.UPDATE, seconds=1800)

    def restore(self, item: uuid.UUID, *, is_excluding: bool) -> None:
        """Put a file of Defender's quarantine back.

        Args:
            item: As the manager knows it.
            is_excluding: Leave this path out from now on, so that it is not taken again.

        Raises:
            QuarantineUnknownError: Defender holds no such file.
            DefenderRefusedError: It did not, or policies decide what is left out.
        """
        held = {one.item: one for one in self.book.held()}
        if item not in held:
            raise QuarantineUnknownError(f"no file {item.hex} in quarantine")
        path = held[item].path
        if is_excluding:
            self._exclude(path)
        self._runner.command(["-Restore", "-FilePath", path])
        self.book.restored(item, self._clock())

    def _exclude(self, path: str) -> None:
        if "defender.exclusion_paths" in self._chosen():
            raise DefenderRefusedError("policies decide what Defender leaves out: add the path there first")
        change = {"setting": "path", "verb": "add", "arguments": {"ExclusionPath": [path]}}
        answer = self._runner.ask(Script.PREFER, {"changes": [change]})
        if failure := preferences_read(answer).failures.get("path"):
            raise DefenderRefusedError(f"the path could not be left out: {failure}")

    def holds(self, item: uuid.UUID) -> bool:
        """Whether an item is one of Defender's."""
        return any(one.item == item for one in self.book.held())

    def held(self) -> list[local.QuarantineItem]:
        """What Defender keeps in quarantine."""
        return self.book.held()

    def _take(self, look: Look) -> None:
        raw = first_record(look.parts.get("status"))
        if not raw:
            failure = look.failures.get("status", Failure("", "it says nothing of itself"))
            self._status = None
            if is_absent(failure.id):
                raise DefenderAbsentError(str(failure))
            raise DefenderRefusedError(": ".join(filter(None, (meaning(failure.id), str(failure)))))
        now = self._clock()
        self._status = status_read(raw, now)
        if not {"threats", "detections"} & look.failures.keys():
            threats = threats_read(look.parts.get("threats"), look.parts.get("detections"))
            self.open_threats = self.book.take(threats, now)
        self._keep_policy(look, now)
        if look.failures:
            raise DefenderRefusedError("; ".join(f"{part}: {why}" for part, why in sorted(look.failures.items())))

    def _keep_policy(self, look: Look, now: datetime) -> None:
        preference = first_record(look.parts.get("preference"))
        if not preference or not self._may_enforce() or self._status is None:
            return
        self._differences = self._enforcer.keep(
            self._chosen(), preference, is_tamper_protected=self._status.is_tamper_protected, now=now
        )


def look_read(raw: Any) -> Look:
    """Read an answer of `look.ps1`; parts that make no sense are as if they were not there."""
    parts, failures = {}, {}
    for name, part in raw.items() if isinstance(raw, dict) else ():
        if not isinstance(part, dict):
            continue
        if part.get("ok") is True:
            parts[name] = part.get("found")
        else:
            failures[name] = failure_read(part.get("failure"))
    return Look(parts, failures)
