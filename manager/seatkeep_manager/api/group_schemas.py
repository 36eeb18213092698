"""What the API says and takes of groups and their templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from seatkeep_manager.api.schemas import DeviceOut
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate

Operation = Literal["AND", "OR", "NAND", "NOR"]
Rules = list[dict[str, Any]]


class GroupIn(Schema):
    """A static group below `parent`."""

    name: str
    parent: UUID


class GroupChange(Schema):
    """What to change of a static group; what is left out stays."""

    name: str | None = None
    parent: UUID | None = None


class GroupRowIn(Schema):
    """A group of an import: `path` is the names from below All with `/` between them, `\\/` for one within a name."""

    path: str = Field(max_length=5_000)
    uid: UUID | None = None


class GroupsImportIn(Schema):
    """Groups to make, rename or move, in this order; `dry_run` only says what would become of each."""

    rows: list[GroupRowIn] = Field(min_length=1, max_length=2_000)
    dry_run: bool = True


class GroupRowOut(Schema):
    """A group of an export; those that are locked follow Licensing or belong to the system."""

    uid: UUID
    path: str
    name: str
    is_locked: bool


class GroupOutcomeOut(Schema):
    """What became, or would become, of a row; `uid` of a group that a dry run would make does not last."""

    path: str
    result: Literal["CREATED", "RENAMED", "MOVED", "UNCHANGED", "REFUSED"]
    code: str
    detail: str
    uid: UUID | None


class TemplateIn(Schema):
    """A template; each rule is `{symbol, operator, value, is_negated?}`, see `GET /group-symbols`.

    `company` is a customer's uid, or null for everybody's.
    """

    name: str
    operation: Operation
    rules: Rules
    description: str = Field(default="", max_length=1000)
    company: UUID | None = None


class TemplateChange(Schema):
    """What to change of a template; what is left out stays."""

    name: str | None = None
    operation: Operation | None = None
    rules: Rules | None = None
    description: str | None = Field(default=None, max_length=1000)


class TemplateOut(Schema):
    """A template, and how many groups use it."""

    uid: UUID
    name: str
    description: str
    company: UUID | None = Field(alias="company_hub_id")
    operation: str
    rules: Rules
    is_builtin: bool
    changed_at: datetime

    @staticmethod
    def resolve_is_builtin(template: GroupTemplate) -> bool:
        """Whether it comes with the program."""
        return template.builtin is not None


class SymbolOut(Schema):
    """Something that a rule can ask about; every operator can be negated."""

    symbol: str
    type: str
    operators: list[str]
    choices: list[str]
    unit: str


class PreviewIn(Schema):
    """Rules to try, and the group whose computers are asked; all visible ones without it."""

    operation: Operation
    rules: Rules
    group: UUID | None = None


class PreviewOut(Schema):
    """Whom rules would take: the first 100, and how many; at most 2,000 are asked."""

    count: int
    looked: int
    total: int
    devices: list[DeviceOut]


class DynamicGroupIn(Schema):
    """A dynamic group below the static group `group`, or below the dynamic group `parent` of the same place."""

    name: str
    template: UUID
    group: UUID
    parent: UUID | None = None


class DynamicGroupChange(Schema):
    """What to change of a dynamic group; `steps` moves it up (negative) or down in its place."""

    name: str | None = None
    template: UUID | None = None
    steps: int = Field(default=0, ge=-64, le=64)


class DynamicGroupOut(Schema):
    """A dynamic group; `position` counts in its place, and a later one's policies win."""

    uid: UUID
    name: str
    group: UUID
    parent: UUID | None
    template: UUID
    position: int

    @staticmethod
    def resolve_group(found: DynamicGroup) -> UUID:
        """The static group that it stands below."""
        return found.anchor.uid

    @staticmethod
    def resolve_parent(found: DynamicGroup) -> UUID | None:
        """The dynamic group above."""
        return found.parent.uid if found.parent else None

    @staticmethod
    def resolve_template(found: DynamicGroup) -> UUID:
        """What its computers must be."""
        return found.template.uid
