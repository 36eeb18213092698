"""What the API says about synchronizations with Licensing."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ninja import Schema


class SyncRunOut(Schema):
    """One synchronization; `state` is RUNNING, DONE, HELD (asks before removing) or FAILED."""

    uid: UUID
    kind: str
    trigger: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    done: int
    expected: int
    added: int
    changed: int
    removed: int
    to_remove: int
    error: str


class ChangeOut(Schema):
    """What would change of one thing: ADDED, RENAMED, MOVED, CHANGED or REMOVED."""

    change: str
    kind: str
    hub_id: UUID
    name: str
    former: str


class TroubleOut(Schema):
    """An item that could not be taken over."""

    item_id: str
    kind: str
    name: str
    reason: str
    first_at: datetime
    last_at: datetime
    attempts: int


class RetriedOut(Schema):
    """How many went through, and how many did not."""

    taken: int
    failed: int
