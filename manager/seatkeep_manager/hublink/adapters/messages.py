"""Shapes of the hub's answers (docs/reference/wire.md §5); unknown fields are ignored, wrong ones are refused."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Raw, Struct

Name = Annotated[str, Meta(min_length=1, max_length=300)]
Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]


class LinkCode(Struct, frozen=True):
    """Answer to the start of a link: what the Security Admin types or opens."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval_seconds: Annotated[int, Meta(ge=1, le=60)]
    expires_in_seconds: Annotated[int, Meta(ge=1, le=86_400)]


class LinkPoll(Struct, frozen=True):
    """Answer to a poll of a started link; all but the status may be missing or null until it is approved."""

    status: str
    instance_id: UUID | None = None
    company_id: UUID | None = None
    company_name: str | None = None
    licensing_device_url: str | None = None


class CompanyItem(Struct, frozen=True, tag_field="kind", tag="company"):
    """A company as the feed tells it; a tombstone carries only its id."""

    id: UUID
    deleted: bool = False
    parent_id: UUID | None = None
    company_kind: str = ""
    name: Annotated[str, Meta(max_length=300)] = ""
    state: str = "ACTIVE"
    custom_identifier: str | None = None
    tags: list[str] = []


class BundleRef(Struct, frozen=True):
    """The bundle of a license."""

    code: str = ""
    name: str = ""


class ProductRef(Struct, frozen=True):
    """One product that a license gives."""

    code: str
    name: str = ""
    category: str = ""
    limit: Count | None = None


class LicenseItem(Struct, frozen=True, tag_field="kind", tag="license"):
    """A license as the feed tells it."""

    id: UUID
    deleted: bool = False
    public_id: str = ""
    owner_id: UUID | None = None
    license_kind: str = ""
    state: str = ""
    quantity: Count = 0
    overuse: str = ""
    lapse: str = ""
    expires_at_us: int | None = None
    bundle: BundleRef | None = None
    products: list[ProductRef] = []


class AgreementRef(Struct, frozen=True):
    """What was agreed with a customer about one product."""

    public_id: str = ""
    mode: str = ""
    quantity: Count | None = None
    warn_above: Count | None = None
    stop_above: Count | None = None


class NodeItem(Struct, frozen=True, tag_field="kind", tag="node"):
    """A customer's seats of one product of one license."""

    id: UUID
    deleted: bool = False
    license_id: UUID | None = None
    company_id: UUID | None = None
    product: str = ""
    agreement: AgreementRef | None = None
    used: Count = 0
    hard_limit: Count | None = None
    suspended: bool = False


class SeatItem(Struct, frozen=True, tag_field="kind", tag="seat"):
    """A seat that a person stopped in the hub, as it is now."""

    id: UUID
    deleted: bool = False
    license_public_id: str = ""
    company_id: UUID | None = None
    product: str = ""
    key_thumbprint: str = ""
    state: str = ""
    ended_at_us: int | None = None


Item = CompanyItem | LicenseItem | NodeItem | SeatItem


class SyncPage(Struct, frozen=True):
    """One page of the feed; items stay raw so that one bad item spoils only itself."""

    feed: str
    cursor: str
    more: bool
    protocol: int
    items: list[Raw]
    total: Count | None = None
    """With the first page of a full read: about how many items there are; a hub of before does not say."""


class Announcement(Struct, frozen=True):
    """Whether the feed is past a cursor."""

    changed: bool


class Credentials(Struct, frozen=True):
    """User name and secret of one product of one license; never stored here."""

    username: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r})"


class JobRef(Struct, frozen=True):
    """A job that the hub has accepted."""

    job: UUID


class JobState(Struct, frozen=True):
    """How far a job of the hub is; `state` is RUNNING, FINISHED or FAILED."""

    state: str
    done: Count = 0
    total: Count = 0


def item_decode(raw: bytes | Raw) -> Item:
    """Read one feed item.

    Raises:
        msgspec.ValidationError: It is of an unknown kind or a field has a wrong type.
    """
    item: Item = msgspec.json.decode(raw, type=Item)
    return item
