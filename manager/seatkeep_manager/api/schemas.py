"""What the API says and takes. Ids are uids; instants are RFC 3339."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

T = TypeVar("T")


class PageOut(Schema, Generic[T]):
    """One page; `next_cursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


class GroupOut(Schema):
    """A group of the tree."""

    uid: UUID
    name: str
    kind: str
    is_locked: bool


class DeviceOut(Schema):
    """A computer."""

    uid: UUID
    name: str
    hostname: str
    kind: str
    state: str
    group: GroupOut
    protection: str
    protection_reasons: list[str]
    lease: dict[str, Any]
    os_family: str
    os_name: str
    os_version: str
    os_edition: str
    os_build: str
    architecture: str
    domain: str
    last_user: str
    serial: str
    manufacturer: str
    model: str
    agent_version: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    online_until: datetime | None
    muted_until: datetime | None


class CustomerOut(Schema):
    """A customer."""

    uid: UUID
    hub_id: UUID
    name: str
    custom_identifier: str
    state: str
    hub_state: str
    tags: list[str]
    set_up_at: datetime | None


class SetUpIn(Schema):
    """What a set-up makes; what is left out is as the template says."""

    template: UUID | None = None
    groups: list[str] | None = Field(default=None, max_length=50)
    policies: list[UUID] | None = Field(default=None, max_length=50)
    tags: list[str] | None = Field(default=None, max_length=20)
    makes_key: bool | None = None


class TokenOut(Schema):
    """A key that lets computers in; the secret only to whom may change the group."""

    uid: UUID
    kind: str
    group: GroupOut
    secret: str
    uses: int
    max_uses: int | None
    expires_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime


class KitPackageOut(Schema):
    """What is installed; `path` is below the console's address and needs no sign-in."""

    name: str
    path: str
    size_bytes: int
    sha256: str


class KitFileOut(Schema):
    """A file to take along; with `has_key` the key stands in it."""

    name: str
    text: str
    has_key: bool


class KitOut(Schema):
    """An installer.

    `package` is null until the operator has built one; `package_command` also when a value fits no command line.
    """

    live_command: str
    package: KitPackageOut | None
    package_command: str | None
    files: list[KitFileOut]
    version: str


class SetUpOut(Schema):
    """What a set-up made."""

    customer: CustomerOut = Field(alias="company")
    groups: list[GroupOut]
    token: TokenOut | None
    made: dict[str, int]


class OffboardIn(Schema):
    """The days of a leave."""

    last_day: date
    protect_until: date
    bill_until: date
    keeps_product: bool = False


class ForecastOut(Schema):
    """What an off-boarding would hit."""

    devices: int
    online: int
    offline: int
    seats: int
    policies: int
    keys: int
    held_files: int


class OffboardOut(Schema):
    """An off-boarding."""

    uid: UUID
    state: str
    step: str
    last_day: date
    protect_until: date
    bill_until: date
    keeps_product: bool
    steps: dict[str, dict[str, str]]
    done: int
    total: int
    error: str
    finished_at: datetime | None
    returned_at: datetime | None


class InstallerIn(Schema):
    """A new key."""

    group: UUID
    kind: str = Field(pattern="^(INSTALL_LINK|DEPLOYMENT_KEY)$")


class ApprovalOut(Schema):
    """A computer that waits."""

    uid: UUID
    hostname: str
    state: str
    reason: str
    kind: str
    ip: str | None
    group: GroupOut
    looks_like: UUID | None = Field(None, validation_alias="replaces.uid")
    key: UUID = Field(validation_alias="token.uid")
    first_asked_at: datetime
    last_asked_at: datetime


class ApproveIn(Schema):
    """How a computer is let in.

    `answer`, for one that looks like a known computer: SAME hands that one over to it, NEW makes another computer,
    MASTER does so for all that come from the same image, too. `group`: instead of where its key says. `always`: who
    comes with the same key from now on is let in whatever its end, uses and daily limit say.
    """

    answer: Literal["SAME", "NEW", "MASTER"] = "SAME"
    group: UUID | None = None
    always: bool = False


class DetectionOut(Schema):
    """A finding."""

    uid: UUID
    name: str
    severity: str
    engine: str
    action: str
    path: str
    sha256: str
    is_test: bool
    occurred_at: datetime
    resolved_at: datetime | None
    resolution: str
    device_uid: UUID = Field(alias="device.uid")


class ResolveIn(Schema):
    """How a detection was closed."""

    resolution: str = Field(pattern="^(RESOLVED|FALSE_POSITIVE)$")
    note: str = Field(default="", max_length=2000)


class QuarantineOut(Schema):
    """A file in quarantine."""

    uid: UUID
    path: str
    name: str
    sha256: str
    size_bytes: int
    state: str
    quarantined_at: datetime
    device_uid: UUID = Field(alias="device.uid")


class RestoreIn(Schema):
    """Whether a restored file may be found again."""

    is_excluding: bool = False


class TaskIn(Schema):
    """A task for computers."""

    kind: str
    params: dict[str, Any] = Field(default_factory=dict)
    devices: list[UUID] = Field(min_length=1, max_length=10_000)
    confirm_server: bool = False
    """Servers are meant too: ISOLATE and SHUTDOWN ask for that."""


class GroupTaskIn(Schema):
    """A task for a group; `dynamic_group` instead of `group` reaches only whom that one takes.

    Triggers: `{"type": "ASAP"}`, `{"type": "JOINED"}` (a dynamic group), `{"type": "ONCE", "at": "2026-12-24T18:00"}`,
    `{"type": "DAILY", "at": "03:00"}`, `{"type": "WEEKLY", "days": [0, 4], "at": "03:00"}` (0 is Monday),
    `{"type": "MONTHLY", "day": 31, "at": "03:00"}`, `{"type": "CRON", "expression": "*/15 8-18 * * 1-5"}`; those with a
    time may carry `delay_seconds`. Times are the computer's own.
    """

    kind: str
    params: dict[str, Any] = Field(default_factory=dict)
    trigger: dict[str, Any]
    group: UUID | None = None
    dynamic_group: UUID | None = None
    life_seconds: int | None = Field(default=None, ge=60, le=180 * 24 * 3600)
    pause_seconds: int = Field(default=0, ge=0, le=180 * 24 * 3600)
    ends_at: AwareDatetime | None = None
    confirm_server: bool = False


class TaskOut(Schema):
    """A task; `trigger` and a group stand only at tasks of groups."""

    uid: UUID
    kind: str
    params: dict[str, Any]
    created_at: datetime
    expires_at: datetime | None
    created_by: str
    trigger: dict[str, Any] | None
    group: UUID | None = Field(default=None, alias="group.uid")
    dynamic_group: UUID | None = Field(default=None, alias="dynamic_group.uid")
    life_seconds: int
    pause_seconds: int
    ended_at: datetime | None


class RunOut(Schema):
    """One computer's part of a task."""

    uid: UUID
    state: str
    progress: int
    output: str
    result: dict[str, Any]
    error_code: str
    fired_at: datetime | None
    queued_at: datetime
    finished_at: datetime | None
    device_uid: UUID = Field(alias="device.uid")


class AssignIn(Schema):
    """The group that obeys."""

    group: UUID


class LicenseAssignIn(Schema):
    """The license from which a computer takes its seat; without one, the customer's that fits."""

    license: str | None = None


class LicenseAssignmentOut(Schema):
    """What a computer is told to hold."""

    license: str = Field(alias="license_public_id")
    product: str
    is_stopped: bool
    assigned_at: datetime


class DevicePolicyIn(Schema):
    """The policy that one computer has to obey."""

    policy: UUID


class AssignmentOut(Schema):
    """A policy on a target."""

    uid: UUID
    position: int


class LicenseOut(Schema):
    """A license as Licensing tells it, with the seats this caller's customers use."""

    uid: UUID
    public_id: str
    bundle_name: str
    state: str
    quantity: int
    used: int
    products: list[dict[str, Any]]
    expires_at: datetime | None


class LinkOut(Schema):
    """The link to Licensing."""

    state: str
    status: str
    done: int
    expected: int
    reason: str
    company_name: str
    user_code: str
    verification_uri: str
    last_synced_at: datetime | None
    disconnected_since: datetime | None
    held_run: UUID | None
    preview_run: UUID | None
    troubles: int


class SyncIn(Schema):
    """How much to read."""

    full: bool = False


class AuditOut(Schema):
    """One line of the journal."""

    at: datetime
    actor_label: str
    action: str
    subject_type: str
    subject_id: str
    details: dict[str, Any]
