"""What the API says and takes of people, permission sets, API clients and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field
from seatkeep_webkit.roles import Role

from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import PermissionGrant, User
from seatkeep_manager.rights.enums import Choice, Left
from seatkeep_manager.rights.models import ApiToken

ProgramRole = Literal["ADMINISTRATOR", "TECHNICIAN", "HELP_DESK", "BILLING", "CUSTOMER_IT", "READ_ONLY"]
"""Every role but Owner: a program makes no owners."""


class RoleOut(Schema):
    """A ready-made role: what it permits in the console."""

    role: Role
    name: str
    levels: dict[Functionality, AccessLevel]


class PermissionSetIn(Schema):
    """Permissions under a name; what is missing is not permitted."""

    name: str = Field(min_length=1, max_length=100)
    note: str = Field("", max_length=500)
    levels: dict[Functionality, AccessLevel]


class PermissionSetOut(Schema):
    """An own permission set."""

    uid: UUID
    name: str
    note: str
    levels: dict[str, str]


class WhatIn(Schema):
    """A role or an own set (exactly one), at a group and below; without a group in the whole console."""

    role: Role | None = None
    permission_set: UUID | None = None
    group: UUID | None = None


class GrantOut(Schema):
    """A role or set that somebody was given here."""

    uid: UUID
    role: str
    permission_set: UUID | None
    group: UUID
    group_name: str
    created_at: datetime

    @staticmethod
    def resolve_permission_set(grant: PermissionGrant) -> UUID | None:
        """Uid of the set."""
        return grant.permission_set.uid if grant.permission_set else None

    @staticmethod
    def resolve_group(grant: PermissionGrant) -> UUID:
        """Uid of the group."""
        return grant.group.uid

    @staticmethod
    def resolve_group_name(grant: PermissionGrant) -> str:
        """Its name."""
        return grant.group.name


class UserOut(Schema):
    """A person."""

    uid: UUID
    email: str
    name: str
    is_active: bool
    signs_in: Literal["LICENSING", "CONSOLE"]
    home_group: UUID | None
    last_login: datetime | None
    left_at: datetime | None

    @staticmethod
    def resolve_signs_in(person: User) -> str:
        """Through Licensing, or here."""
        return "LICENSING" if person.hub_sub else "CONSOLE"

    @staticmethod
    def resolve_home_group(person: User) -> UUID | None:
        """Uid of the home group."""
        return person.home_group.uid if person.home_group else None


class UserIn(Schema):
    """What of a person can be changed."""

    home_group: UUID | None = None


class FactOut(Schema):
    """One fact that decided."""

    code: str
    words: str
    allows: bool | None


class WhyOut(Schema):
    """Why somebody may do something at a group, or why not."""

    is_allowed: bool
    facts: list[FactOut]


class SessionOut(Schema):
    """A running session."""

    id: int
    ip: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime


class InvitationIn(WhatIn):
    """Somebody to be invited; the link is handed over, no mail is sent."""

    email: str = Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")
    home_group: UUID | None = None


class InvitationOut(Schema):
    """An open invitation."""

    uid: UUID
    email: str
    role: str
    invited_at: datetime
    expires_at: datetime


class InvitationMadeOut(Schema):
    """A new invitation; `link` is shown only now."""

    uid: UUID
    link: str


class LeftItemOut(Schema):
    """One thing that somebody made, with what can become of it; the first choice happens unless another is named."""

    uid: UUID
    kind: Left
    name: str
    place: str
    choices: list[Choice]
    since: datetime


class DecisionIn(Schema):
    """What becomes of one thing."""

    uid: UUID
    choice: Choice
    heir: UUID | None = None


class LeaveIn(Schema):
    """What becomes of what somebody made."""

    decisions: list[DecisionIn] = Field(default_factory=list, max_length=5_000)


class LeaveOut(Schema):
    """What ended, and the new secrets of API clients, shown only now."""

    ended: dict[str, int]
    items: list[dict[str, Any]]
    secrets: list[tuple[str, str]]


class SignInRuleIn(Schema):
    """How people have to sign in."""

    requires_second_factor: bool = False
    idle_minutes: int | None = None


class ApiTokenIn(Schema):
    """A program: what it may (a role or a set, exactly one), at which group and below."""

    name: str = Field(min_length=1, max_length=100)
    role: ProgramRole | None = None
    permission_set: UUID | None = None
    group: UUID | None = None


class ApiTokenOut(Schema):
    """An API client, without its secret."""

    uid: UUID
    name: str
    grants: list[GrantOut]
    hint: str
    created_at: datetime
    last_used_at: datetime | None

    @staticmethod
    def resolve_grants(token: ApiToken) -> list[PermissionGrant]:
        """What it may, and where."""
        return list(token.account.grants.all())


class ApiTokenMadeOut(Schema):
    """A new secret; shown only now."""

    uid: UUID
    secret: str
