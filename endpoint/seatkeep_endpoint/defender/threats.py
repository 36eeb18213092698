"""What Defender found: told once each, told again when something became of it, and put back when a person asks."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from seatkeep_protocol import local
from seatkeep_protocol.local import EventName
from seatkeep_protocol.messages import DetectionEvent, QuarantineEvent
from seatkeep_protocol.vocabulary import DetectionAction, QuarantineState

from seatkeep_endpoint.defender.reading import DefenderThreat
from seatkeep_endpoint.news import News
from seatkeep_endpoint.store import Store

ENGINE = "defender"
LOOKED = "defender_looked"
SETTLING = timedelta(minutes=1)
MAX_PATH = 4096
_ITEMS = uuid.UUID("5ea7c0de-0003-5d0b-9d0e-b6b0a0c53f0c")
STATES = {
    DetectionAction.QUARANTINED: QuarantineState.HELD,
    DetectionAction.ALLOWED: QuarantineState.RESTORED,
    DetectionAction.REMOVED: QuarantineState.DELETED,
    DetectionAction.CLEANED: QuarantineState.DELETED,
    DetectionAction.BLOCKED: QuarantineState.DELETED,
}
"""What a later change of a told detection means for its file."""


class ThreatBook:
    """Remembers which of Defender's detections were told, and as what.

    Args:
        store: Its memory.
        news: Hears detections and quarantine.
        product: Gives the product code for reports.
        own_key: This machine's key thumbprint: Defender's ids become this machine's own, so that a cloned disk or a
            repeated id cannot hide another machine's detection.
    """

    def __init__(self, store: Store, news: News, product: Callable[[], str], own_key: str) -> None:
        self._store, self._news, self._product, self._own_key = store, news, product, own_key

    def take(self, threats: Iterable[DefenderThreat], now: datetime) -> int:
        """Tell what is new; returns how many detections are not dealt with.

        When we look for the first time, what Defender has dealt with before is history and is not told.
        """
        is_first = self._store.fact(LOOKED, bool) is None
        open_threats = 0
        for threat in threats:
            open_threats += threat.is_active
            self._take_one(threat, now, is_history=is_first and not threat.is_active)
        if is_first:
            self._store.fact_set(LOOKED, True)
        return open_threats

    def held(self) -> list[local.QuarantineItem]:
        """What Defender keeps in its quarantine, as far as it can be put back."""
        rows = self._store.rows(
            "SELECT * FROM defender_threat WHERE action = 'QUARANTINED' AND is_told AND is_file ORDER BY at_us"
        )
        return [
            local.QuarantineItem(
                item=self.item_of(row["detection"]), path=row["path"], sha256="", size_bytes=0, threat=row["name"],
                at_us=row["at_us"], detection=self.detection_of(row["detection"]),
            )
            for row in rows
        ]  # fmt: skip

    def restored(self, item: uuid.UUID, now: datetime) -> None:
        """Remember and tell that an item was put back."""
        for row in self._store.rows("SELECT * FROM defender_threat WHERE action = 'QUARANTINED'"):
            if self.item_of(row["detection"]) == item:
                self._write(row["detection"], DetectionAction.ALLOWED)
                self._tell_file(row, QuarantineState.RESTORED, now)

    def detection_of(self, detection: str) -> uuid.UUID:
        """The id under which the manager knows a detection."""
        return uuid.uuid5(_ITEMS, f"{self._own_key}:{detection}")

    def item_of(self, detection: str) -> uuid.UUID:
        """The id under which the manager knows the quarantined file of a detection."""
        return uuid.uuid5(_ITEMS, f"{self._own_key}:{detection}:item")

    def _take_one(self, threat: DefenderThreat, now: datetime, *, is_history: bool) -> None:
        rows = self._store.rows("SELECT * FROM defender_threat WHERE detection = ?", threat.detection.hex)
        if rows:
            self._follow(rows[0], threat, now)
            return
        if not threat.is_settled and now.timestamp() - threat.detected_at_us / 1e6 < SETTLING.total_seconds():
            return  # Defender is still at it; what becomes of it is told at the next look.
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO defender_threat VALUES (?, ?, ?, ?, ?, ?, ?)",
                (threat.detection.hex, threat.name, threat.path, threat.is_file, threat.detected_at_us,
                 threat.action, not is_history),
            )  # fmt: skip
        if not is_history:
            self._tell(threat, now)

    def _follow(self, row: sqlite3.Row, threat: DefenderThreat, now: datetime) -> None:
        """Something became of a known detection."""
        if row["action"] == threat.action:
            return
        self._write(row["detection"], threat.action)
        state = STATES.get(threat.action)
        if row["is_told"] and state is not None:
            self._tell_file(row, state, now)

    def _write(self, detection: str, action: DetectionAction) -> None:
        with self._store.transaction() as connection:
            connection.execute("UPDATE defender_threat SET action = ? WHERE detection = ?", (action, detection))

    def _tell(self, threat: DefenderThreat, now: datetime) -> None:
        detection = threat.detection.hex
        may_be_held = threat.is_file and threat.action in (DetectionAction.QUARANTINED, DetectionAction.NONE)
        body = DetectionEvent(
            detection=self.detection_of(detection), at_us=threat.detected_at_us or int(now.timestamp() * 1_000_000),
            product=self._product(), engine=ENGINE, threat=threat.name, severity=threat.wire_severity,
            path=threat.path[:MAX_PATH], sha256="", size_bytes=0, action=threat.action, is_test_rule=threat.is_test,
            item=self.item_of(detection) if may_be_held else None, user=threat.user,
        )  # fmt: skip
        self._news.record(EventName.DETECTION, body)
        if may_be_held and threat.action is DetectionAction.QUARANTINED:
            row = self._store.rows("SELECT * FROM defender_threat WHERE detection = ?", detection)[0]
            self._tell_file(row, QuarantineState.HELD, now)

    def _tell_file(self, row: sqlite3.Row, state: QuarantineState, now: datetime) -> None:
        if not row["is_file"]:
            return
        body = QuarantineEvent(
            item=self.item_of(row["detection"]), state=state, at_us=int(now.timestamp() * 1_000_000),
            path=row["path"][:MAX_PATH], sha256="", size_bytes=0, threat=row["name"],
            detection=self.detection_of(row["detection"]), detail="Microsoft Defender",
        )  # fmt: skip
        self._news.record(EventName.QUARANTINE, body)
