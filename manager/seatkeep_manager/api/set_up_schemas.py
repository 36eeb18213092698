"""What the API says and takes about set-ups: templates, many customers at once, the export for an RMM."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from seatkeep_manager.api.schemas import CustomerOut
from seatkeep_manager.customers.models import CustomerTemplate, SetupItem, SetupJob
from seatkeep_manager.customers.set_up_jobs import setup_counts


class TemplateIn(Schema):
    """A template for customers to come."""

    name: str = Field(min_length=1, max_length=100)
    groups: list[str] = Field(default_factory=list, max_length=50)
    policies: list[UUID] = Field(default_factory=list, max_length=50)
    makes_key: bool = True
    daily_cap: int = Field(default=200, ge=1, le=100_000)
    tags: list[str] = Field(default_factory=list, max_length=20)


class TemplateOut(Schema):
    """A template for customers to come."""

    uid: UUID
    name: str
    groups: list[str]
    policies: list[UUID]
    makes_key: bool
    daily_cap: int
    tags: list[str]
    created_at: datetime

    @staticmethod
    def resolve_policies(template: CustomerTemplate) -> list[UUID]:
        """Uids of its policies, in order."""
        return [policy.uid for policy in template.policies.all()]


class ReadyIn(Schema):
    """Customers to mark as ready: these, or all that are new."""

    customers: list[UUID] = Field(default_factory=list, max_length=10_000)
    all_new: bool = False


class CountOut(Schema):
    """How many were changed."""

    count: int


class TagsIn(Schema):
    """All tags that a customer shall have of this console."""

    tags: list[str] = Field(max_length=20)


class TagsOut(Schema):
    """A customer's tags: of this console, and those that Licensing brings."""

    own: list[str]
    from_licensing: list[str]


class SetupJobIn(Schema):
    """Which customers get what a template says."""

    template: UUID | None = None
    customers: list[UUID] = Field(min_length=1, max_length=10_000)


class SetupJobOut(Schema):
    """A set-up of many customers and how far it is."""

    uid: UUID
    state: str
    template: str = Field(alias="template_name")
    groups: list[str]
    tags: list[str]
    makes_key: bool
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    counts: dict[str, int]
    """Outcome (WAITING, CHANGED, SAME, ERROR) → how many customers."""

    @staticmethod
    def resolve_counts(job: SetupJob) -> dict[str, int]:
        """One statement per job."""
        return setup_counts(job)


class SetupItemOut(Schema):
    """What came of one customer."""

    customer: CustomerOut = Field(alias="company")
    outcome: str
    made: dict[str, int]
    error_code: str
    error: str

    @staticmethod
    def resolve_made(item: SetupItem) -> dict[str, Any]:
        """What was not there before → how many."""
        return {one["what"]: one["count"] for one in item.made}


class RetryIn(Schema):
    """Which customers are done again: those that failed, or all."""

    everybody: bool = False


class RmmLineOut(Schema):
    """One place that computers join, with its key: a secret."""

    number: str
    customer: str
    group: str
    key_reference: str
    key: str
    windows: str
    linux: str
