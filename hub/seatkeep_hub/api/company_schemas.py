"""Shapes of companies, their notes, moves and acts on several."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.models import Company, CompanyNote
from seatkeep_hub.companies.rules import MAX_LENGTHS, MAX_NAME_LENGTH, MAX_NOTE_LENGTH
from seatkeep_hub.msp.bulk import MAX_COMPANIES, ItemResult
from seatkeep_hub.msp.enums import CompanyAct
from seatkeep_hub.msp.models import CompanyRun, CompanyRunItem
from seatkeep_hub.msp.moving import MovePlan, MovingShare

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]
Email = Annotated[str, Field(max_length=MAX_LENGTHS["email"])]
ContactName = Annotated[str, Field(max_length=MAX_LENGTHS["contact_name"])]
Phone = Annotated[str, Field(max_length=MAX_LENGTHS["phone"])]
Street = Annotated[str, Field(max_length=MAX_LENGTHS["street"])]
PostalCode = Annotated[str, Field(max_length=MAX_LENGTHS["postal_code"])]
City = Annotated[str, Field(max_length=MAX_LENGTHS["city"])]
Region = Annotated[str, Field(max_length=MAX_LENGTHS["region"])]
Country = Annotated[str, Field(max_length=2)]
OwnNumber = Annotated[str, Field(max_length=MAX_LENGTHS["custom_identifier"])]
VatId = Annotated[str, Field(max_length=MAX_LENGTHS["vat_id"])]
Description = Annotated[str, Field(max_length=MAX_LENGTHS["description"])]
Tag = Annotated[str, Field(max_length=60)]
Tags = Annotated[list[Tag], Field(max_length=50)]
TimeZone = Annotated[str, Field(max_length=64)]
Bundles = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=200)]


class CompanyOut(Schema):
    """A company. `allowed_bundles` is null where nothing narrows what the companies above allow."""

    id: UUID
    parent_id: UUID | None
    kind: str
    name: str
    status: str
    email: str
    contact_name: str
    phone: str
    street: str
    postal_code: str
    city: str
    region: str
    country: str
    vat_id: str
    custom_identifier: str
    tags: list[str]
    description: str
    time_zone: str
    is_trusted: bool
    is_trial_allowed: bool
    allowed_bundles: list[str] | None
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def resolve_id(company: Company) -> UUID:
        """The uid is the id outside."""
        return company.uid

    @staticmethod
    def resolve_parent_id(company: Company) -> UUID | None:
        """The parent's uid."""
        return company.parent.uid if company.parent else None


class CompanyMadeOut(CompanyOut):
    """A new company; `invitation_link` of its contact person is shown only now."""

    invitation_link: str | None = None


class CompanyIn(Schema):
    """A new company. With `contact_email` that person is invited, and an MSP waits until the invitation is accepted."""

    parent_id: UUID
    kind: CompanyKind
    name: Name
    email: Email = ""
    contact_name: ContactName = ""
    phone: Phone = ""
    street: Street = ""
    postal_code: PostalCode = ""
    city: City = ""
    region: Region = ""
    country: Country = ""
    vat_id: VatId = ""
    custom_identifier: OwnNumber = ""
    tags: Tags = Field(default_factory=list)
    description: Description = ""
    time_zone: TimeZone = ""
    is_trusted: bool = True
    is_trial_allowed: bool = True
    allowed_bundles: Bundles | None = None
    takes_seats: bool = False
    contact_email: Email = ""


class CompanyPatch(Schema):
    """Fields to change: those that are left out stay, an empty one (or null) erases.

    `tags` sets the whole list, `tags_add` and `tags_remove` change it. `is_trusted`, `is_trial_allowed` and
    `allowed_bundles` are decided by whoever may change the company above.
    """

    name: Name = ""
    email: Email | None = None
    contact_name: ContactName | None = None
    phone: Phone | None = None
    street: Street | None = None
    postal_code: PostalCode | None = None
    city: City | None = None
    region: Region | None = None
    country: Country | None = None
    vat_id: VatId | None = None
    custom_identifier: OwnNumber | None = None
    tags: Tags | None = None
    tags_add: Tags = Field(default_factory=list)
    tags_remove: Tags = Field(default_factory=list)
    description: Description | None = None
    time_zone: TimeZone = ""
    is_trusted: bool = True
    is_trial_allowed: bool = True
    allowed_bundles: Bundles | None = None


class TrustIn(Schema):
    """Whether a managed MSP does things by itself, and what becomes of what it asked for."""

    is_trusted: bool
    approve_waiting: bool = False


class TrustResultOut(Schema):
    """A request that waited: `approved`, or the code of why it goes on waiting."""

    request_id: UUID
    code: str


class TrustOut(Schema):
    """The managed MSP, and what became of its requests."""

    company: CompanyOut
    requests: list[TrustResultOut]


class NoteIn(Schema):
    """A note."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_NOTE_LENGTH)]


class NoteOut(Schema):
    """A note about a company; only its author can edit it."""

    id: UUID
    text: str
    author: str
    created_at: datetime
    edited_at: datetime | None

    @staticmethod
    def resolve_id(note: CompanyNote) -> UUID:
        """The uid is the id outside."""
        return note.uid


class MoveIn(Schema):
    """Where a company shall stand; `license_id` where the new MSP has several that could be meant."""

    target_id: UUID
    license_id: UUID | None = None


class MoveShareOut(Schema):
    """A share that goes over to another license. `missing` seats have no room there."""

    company_id: UUID
    product: str
    from_license: str
    to_license: str | None
    seats: int
    grows_to: int | None
    missing: int

    @staticmethod
    def resolve_company_id(share: MovingShare) -> UUID:
        """The customer's uid."""
        return share.node.company.uid

    @staticmethod
    def resolve_product(share: MovingShare) -> str:
        """The product's code."""
        return share.node.product.code

    @staticmethod
    def resolve_from_license(share: MovingShare) -> str:
        """The license that it leaves."""
        return share.node.license.public_id

    @staticmethod
    def resolve_to_license(share: MovingShare) -> str | None:
        """The license that it comes to."""
        return share.license.public_id if share.license else None

    @staticmethod
    def resolve_seats(share: MovingShare) -> int:
        """Seats in use."""
        return share.used


class MovePlanOut(Schema):
    """What a move would do; `refusal` is the code of why it cannot be done, or empty."""

    companies: int
    seats: int
    stays: int
    shares: list[MoveShareOut]
    refusal: str

    @staticmethod
    def resolve_seats(plan: MovePlan) -> int:
        """Seats in use that go over to another license."""
        return plan.seats


class ActIn(Schema):
    """One act on several companies."""

    act: CompanyAct
    companies: Annotated[list[UUID], Field(min_length=1, max_length=MAX_COMPANIES)]
    tag: Tag = ""
    target_id: UUID | None = None
    license_id: UUID | None = None


class ActResultOut(Schema):
    """What became of one company: `done`, `unchanged`, a refusal's code, or empty until it is its turn."""

    company_id: UUID
    code: str
    detail: str

    @staticmethod
    def resolve_company_id(result: ItemResult | CompanyRunItem) -> UUID:
        """The company's uid."""
        return result.company.uid if isinstance(result, CompanyRunItem) else result.company_uid


class ActOut(Schema):
    """An act on several companies. Ask again while `state` is RUNNING."""

    id: UUID
    act: str
    state: str
    done: int
    total: int
    created_at: datetime
    finished_at: datetime | None
    results: list[ActResultOut]

    @staticmethod
    def resolve_id(run: CompanyRun) -> UUID:
        """The uid is the id outside."""
        return run.uid

    @staticmethod
    def resolve_results(run: CompanyRun) -> list[Any]:
        """Those of a run that ended within the request; read the others page by page."""
        return list(getattr(run, "results_now", []))
