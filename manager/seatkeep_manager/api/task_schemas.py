"""Shapes of the API about software, collected files, isolation and the console's own tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Field, Schema


class PackageIn(Schema):
    """A package for the list; `format` is DEB, RPM or MSI."""

    name: str = Field(min_length=1, max_length=200)
    version: str = Field(default="", max_length=50)
    format: str
    url: str = Field(max_length=2000)
    sha256: str = Field(max_length=64)


class PackageOut(Schema):
    """A package that tasks may install."""

    uid: UUID
    name: str
    version: str
    format: str
    url: str
    sha256: str
    created_at: datetime
    created_by: str


class FileOut(Schema):
    """A file that a computer sent for a run."""

    run: UUID = Field(alias="run.uid")
    device: UUID = Field(alias="device.uid")
    name: str
    size_bytes: int
    sha256: str
    created_at: datetime
    expires_at: datetime


class IsolationOut(Schema):
    """How a computer is cut off the network; `until` is null while it is not."""

    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    reason: str = ""


class ServerTaskIn(Schema):
    """A rule that the console follows each day.

    `RENAME` takes `{"pattern": "{customer}-{number}"}`, `RETIRE_SILENT` takes `{"days": 90}`.
    """

    kind: str
    params: dict[str, Any]
    group: UUID


class ServerTaskOut(Schema):
    """A rule, and what its last run did."""

    uid: UUID
    kind: str
    params: dict[str, Any]
    group: UUID = Field(alias="group.uid")
    created_at: datetime
    created_by: str
    ran_at: datetime | None
    changed: int
    note: str


class ServerTaskPreviewOut(Schema):
    """What a rule would do now: how many computers, and the first of them with what becomes of each."""

    count: int
    examples: list[tuple[str, str]]
