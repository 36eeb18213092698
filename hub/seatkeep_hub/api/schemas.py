"""Shapes of the API's answers. Ids are the entities' `uid`; instants are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import Field

from seatkeep_hub.companies.enums import AccessLevel, Role
from seatkeep_hub.instances.tokens import token_scopes

T = TypeVar("T")
Limit = Annotated[int, Field(ge=1, le=1000)]


class PageOut(Schema, Generic[T]):
    """One page; ask again with `cursor=next_cursor` until it is null."""

    items: list[T]
    next_cursor: str | None


class UserOut(Schema):
    """A person."""

    id: UUID
    company_id: UUID
    email: str
    name: str
    is_active: bool
    is_contact: bool
    may_use_api: bool
    last_login: datetime | None
    left_at: datetime | None

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
    """A person to be invited, with their role; a role brings its level, a level alone the plainest role."""

    company_id: UUID
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    role: Role | None = None
    level: AccessLevel | None = None
    sees_prices: bool | None = None
    customer_ids: Annotated[tuple[UUID, ...], Field(max_length=200)] = ()


class InvitationOut(Schema):
    """An open invitation; `customer_ids` empty for the company and everything below it."""

    id: UUID
    company_id: UUID
    email: str
    role: str
    level: str
    sees_prices: bool | None
    customer_ids: list[UUID]
    invited_by: str
    invited_at: datetime
    expires_at: datetime

    @staticmethod
    def resolve_id(invitation: Any) -> UUID:
        """The uid is the id outside."""
        found: UUID = invitation.uid
        return found

    @staticmethod
    def resolve_company_id(invitation: Any) -> UUID:
        """The company's uid."""
        found: UUID = invitation.company.uid
        return found

    @staticmethod
    def resolve_customer_ids(invitation: Any) -> list[UUID]:
        """Uids of the only companies that it is for."""
        return [one.uid for one in invitation.customers.all()]


class InvitedOut(Schema):
    """An invitation; `link` is shown only now."""

    id: UUID
    email: str
    link: str
    is_mailed: bool


class AccessIn(Schema):
    """What a person may do with a company and below it; both null means "as above"."""

    level: AccessLevel | None = None
    role: Role | None = None
    sees_prices: bool | None = None


class AccessOut(Schema):
    """An explicit setting."""

    company_id: UUID
    level: str
    role: str
    sees_prices: bool | None

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
    actor_kind: str
    actor_id: str
    impersonator: str | None
    ip: str | None
    action: str
    severity: str
    result: str
    company_id: UUID | None
    subject_type: str
    subject_id: str
    details: dict[str, Any]

    @staticmethod
    def resolve_company_id(entry: Any) -> UUID | None:
        """The company that may read it."""
        found: UUID | None = entry.company_uid
        return found

    @staticmethod
    def resolve_actor(entry: Any) -> str:
        """What people recognize."""
        return str(entry.actor_label)
