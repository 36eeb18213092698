"""Shapes of the API's answers. Ids are the entities' `uid`; instants are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import Field

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, Role
from seatkeep_hub.instances.tokens import token_scopes

T = TypeVar("T")
Limit = Annotated[int, Field(ge=1, le=1000)]


class PageOut(Schema, Generic[T]):
    """One page; ask again with `cursor=next_cursor` until it is null."""

    items: list[T]
    next_cursor: str | None


class CompanyOut(Schema):
    """A company."""

    id: UUID
    parent_id: UUID | None
    kind: str
    name: str
    status: str
    email: str
    custom_identifier: str
    tags: list[str]
    time_zone: str
    created_at: datetime

    @staticmethod
    def resolve_id(company: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = company.uid
        return found

    @staticmethod
    def resolve_parent_id(company: Any) -> UUID | None:
        """The parent's uid."""
        return company.parent.uid if company.parent else None


class CompanyIn(Schema):
    """A new company."""

    parent_id: UUID
    kind: CompanyKind
    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Annotated[str, Field(max_length=254)] = ""
    custom_identifier: Annotated[str, Field(max_length=100)] = ""
    tags: Annotated[tuple[str, ...], Field(max_length=50)] = ()


class CompanyPatch(Schema):
    """Fields to change; those that are left out stay."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    email: Annotated[str, Field(max_length=254)] | None = None
    custom_identifier: Annotated[str, Field(max_length=100)] | None = None
    tags: Annotated[list[str], Field(max_length=50)] | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    is_trusted: bool | None = None


class UserOut(Schema):
    """A person."""

    id: UUID
    company_id: UUID
    email: str
    name: str
    is_active: bool

    @staticmethod
    def resolve_id(user: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = user.uid
        return found

    @staticmethod
    def resolve_company_id(user: Any) -> UUID:
        """The company's uid."""
        found: UUID = user.company.uid
        return found


class InviteIn(Schema):
    """A person to be invited into a company."""

    company_id: UUID
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    level: AccessLevel = AccessLevel.READ
    role: Role = Role.TECHNICIAN


class InvitedOut(Schema):
    """An invitation; `link` is shown only now."""

    id: UUID
    email: str
    link: str
    is_mailed: bool


class AccessIn(Schema):
    """What a person may do with a company and below it; null means "as above"."""

    level: AccessLevel | None
    role: Role = Role.TECHNICIAN


class AccessOut(Schema):
    """An explicit setting."""

    company_id: UUID
    level: str
    role: str

    @staticmethod
    def resolve_company_id(access: Any) -> UUID:
        """The company's uid."""
        found: UUID = access.company.uid
        return found


class AdminOut(Schema):
    """A Security Admin: manages licenses for the owner."""

    id: UUID
    company_id: UUID
    email: str
    status: str
    invited_at: datetime
    accepted_at: datetime | None

    @staticmethod
    def resolve_id(admin: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = admin.uid
        return found

    @staticmethod
    def resolve_company_id(admin: Any) -> UUID:
        """The owner's uid."""
        found: UUID = admin.company.uid
        return found


class AdminIn(Schema):
    """A Security Admin to be invited."""

    company_id: UUID
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]


class InstanceOut(Schema):
    """A linked console."""

    id: UUID
    company_id: UUID
    name: str
    console_url: str
    is_revoked: bool
    created_at: datetime
    last_seen_at: datetime | None

    @staticmethod
    def resolve_id(instance: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = instance.uid
        return found

    @staticmethod
    def resolve_company_id(instance: Any) -> UUID:
        """The company's uid."""
        found: UUID = instance.company.uid
        return found


class TokenOut(Schema):
    """An integration token without its secret."""

    id: UUID
    company_id: UUID
    name: str
    level: str
    scopes: list[str]
    hint: str
    made_by_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @staticmethod
    def resolve_id(token: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = token.uid
        return found

    @staticmethod
    def resolve_company_id(token: Any) -> UUID:
        """The company's uid."""
        found: UUID = token.company.uid
        return found

    @staticmethod
    def resolve_scopes(token: Any) -> list[str]:
        """What it may do, spelled out."""
        return sorted(token_scopes(token))

    @staticmethod
    def resolve_made_by_id(token: Any) -> UUID | None:
        """The uid of the person who made it."""
        return token.made_by.uid if token.made_by else None


class AuditOut(Schema):
    """Who did what."""

    at: datetime
    actor: str
    impersonator: str | None
    action: str
    subject_type: str
    subject_id: str
    details: dict[str, Any]

    @staticmethod
    def resolve_actor(entry: Any) -> str:
        """What people recognize."""
        return str(entry.actor_label)
