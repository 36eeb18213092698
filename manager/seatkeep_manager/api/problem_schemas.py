"""What the API takes and gives about problems."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Field, Schema

from seatkeep_manager.problems.models import Problem, ProblemEvent


class ProblemOut(Schema):
    """Something that needs a person."""

    uid: UUID
    kind: str
    severity: str
    state: str
    since: datetime
    resolved_at: datetime | None
    snoozed_until: datetime | None
    details: dict[str, Any]
    note: str
    company_hub_id: UUID | None
    device: UUID | None
    device_name: str
    assignee: str
    fixes: list[str]

    @staticmethod
    def resolve_device(row: Problem) -> UUID | None:
        """The device that it is about; None: a customer, or this instance where there is no company either."""
        return row.device.uid if row.device else None

    @staticmethod
    def resolve_device_name(row: Problem) -> str:
        """What people call the device."""
        return row.device.name if row.device else ""

    @staticmethod
    def resolve_assignee(row: Problem) -> str:
        """The mail address of who looks after it."""
        return row.assignee.email if row.assignee else ""

    @staticmethod
    def resolve_fixes(row: Problem) -> list[str]:
        """What `POST /problems/{uid}/fix` takes, the usual one first."""
        from seatkeep_manager.problems.fixes import fixes_of

        return [str(one.code) for one in fixes_of(row.kind)]


class ProblemGroupOut(Schema):
    """How many problems of one kind one customer has; the worst severity among them."""

    kind: str
    company_hub_id: UUID | None
    severity: str
    count: int
    open_count: int
    since: datetime
    newest_at: datetime


class ProblemGroupsOut(Schema):
    """Problems by kind and customer, the worst first."""

    items: list[ProblemGroupOut]


class ProblemEventOut(Schema):
    """A line of a problem's history."""

    verb: str
    at: datetime
    actor: str
    details: dict[str, Any]
    act: UUID | None

    @staticmethod
    def resolve_actor(row: ProblemEvent) -> str:
        """Who did it; empty: it happened by itself."""
        return row.actor


class ProblemEventsOut(Schema):
    """The newest 100 lines of a problem's history, newest first."""

    items: list[ProblemEventOut]


class SnoozeIn(Schema):
    """Until when it stays out of sight."""

    until: datetime


class NoteIn(Schema):
    """A remark."""

    note: str = Field(max_length=2000)


class AssignIn(Schema):
    """Who looks after it: the mail address of a person who may see it; null: nobody."""

    assignee: str | None = Field(default=None, max_length=254)


class FixIn(Schema):
    """Which fix; the usual one of the kind when left out."""

    fix: str | None = Field(default=None, max_length=50)


class FixedOut(Schema):
    """What was ordered."""

    count: int
    task: UUID | None


class ProblemActIn(Schema):
    """One act for many problems: those named, or all of one kind of one customer.

    `until` belongs to `snooze`, `note` to `note`, `assignee` to `assign`.
    """

    act: Literal["acknowledge", "snooze", "reopen", "assign", "note"]
    problems: list[UUID] = Field(default=[], max_length=1000)
    kind: str | None = Field(default=None, max_length=50)
    company: UUID | None = None
    until: datetime | None = None
    note: str = Field(default="", max_length=2000)
    assignee: str | None = Field(default=None, max_length=254)


class ProblemActOut(Schema):
    """An act, by which it can be taken back."""

    act: UUID
    count: int


class UndoneOut(Schema):
    """How many problems are as before."""

    count: int


class ThresholdOut(Schema):
    """One threshold of a group: what it says itself, and what holds."""

    name: str
    unit: str
    own: int | None
    inherited: int
    value: int
    least: int
    most: int


class ThresholdsOut(Schema):
    """Every threshold of a group."""

    items: list[ThresholdOut]


class ThresholdsIn(Schema):
    """What the group says itself; what is left out or null comes from the group above, or is the default."""

    thresholds: dict[str, int | None] = Field(default={}, max_length=50)
