"""What the API says and takes of acts on one or many computers."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

MOST = 1_000
Chosen = Field(min_length=1, max_length=MOST)


class DevicesIn(Schema):
    """Computers, at most 1,000 at once."""

    devices: list[UUID] = Chosen


class DevicesMoveIn(DevicesIn):
    """Computers, and the group that they go to."""

    group: UUID


class DevicesRenameIn(DevicesIn):
    """Computers, and the pattern of their names: `{customer}-{hostname}`, `PC-{n:03}`.

    It may name `{hostname}`, `{serial}`, `{user}`, `{group}`, `{os}`, `{customer}` and the number `{n}`, which counts
    from `start` in the order of the host names. A computer of which something is not known keeps its name.
    """

    pattern: str = Field(max_length=400)
    start: int = Field(default=1, ge=0, le=1_000_000)


class DevicesMuteIn(DevicesIn):
    """Computers, and until when nothing that is wrong with them counts as a problem; null ends it."""

    until: datetime | None


class DeviceNameIn(Schema):
    """A name for people; empty brings back the host name."""

    name: str = Field(max_length=400)


class ActOut(Schema):
    """What was done; `act` takes it back within ten minutes, null when nothing changed."""

    act: UUID | None
    count: int


class CountOut(Schema):
    """How many changed."""

    count: int


class MovePreviewOut(Schema):
    """What a move would change; `unlicensed` computers give their seats back, for the customer has no license."""

    moving: int
    staying: int
    retired: int
    leaving: int
    policies_lost: list[str]
    policies_gained: list[str]
    tasks_lost: list[str]
    tasks_gained: list[str]
    licenses: list[str]
    unlicensed: int


class NewNameOut(Schema):
    """The name that a computer would get."""

    device: UUID
    before: str
    after: str


class RenamePreviewOut(Schema):
    """The names that computers would get; `unknown` keep theirs, for something that the pattern names is not known."""

    names: list[NewNameOut]
    unknown: list[UUID]
