"""What a linked console calls (docs/reference/wire.md, section 5)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent

from seatkeep_hub.agreements import jobs
from seatkeep_hub.agreements.feed import PROTOCOL, FeedPage, feed_read
from seatkeep_hub.agreements.models import Offboarding
from seatkeep_hub.agreements.offboarding import company_offboard, company_return, offboarding_get
from seatkeep_hub.api.auth import anyone_of, instance_of
from seatkeep_hub.api.company_schemas import CompanyOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.licensing.services import credential_show
from seatkeep_hub.people.claims import people_claims

router = Router(tags=["Consoles"])


class SyncOut(Schema):
    """Part of the feed."""

    feed: UUID
    cursor: str
    more: bool
    protocol: int
    items: list[dict[str, Any]]
    total: int | None = None


class CredentialOut(Schema):
    """User name and secret of one product of a license."""

    username: str
    secret: str


class PeopleIn(Schema):
    """People who are signed in to a console, by the `sub` of their sign-in."""

    people: Annotated[list[UUID], Field(max_length=500)]


class PersonClaimsOut(Schema):
    """What the sign-in says of a person; sessions begun at or before `sessions_from` are over."""

    sub: UUID
    email: str
    name: str
    seatkeep_access: list[dict[str, str]]
    sessions_from: datetime | None


class OffboardIn(Schema):
    """The days of a leaving customer."""

    last_day: date
    protect_until: date
    bill_until: date


class JobStartedOut(Schema):
    """A job to ask about."""

    job: UUID


class JobOut(Schema):
    """How far a job is: RUNNING, FINISHED or FAILED."""

    state: str
    done: int
    total: int


class InstanceSelfOut(Schema):
    """What the calling console is and may see."""

    instance_id: UUID
    name: str
    company_id: UUID
    company_name: str
    created_by_portal: str
    protocol: int


@router.get("/sync", response=SyncOut, summary="Read what changed")
def sync(
    request: HttpRequest, cursor: str | None = None, limit: Annotated[int, Field(ge=1, le=1000)] = 500
) -> FeedPage:
    """Changes after `cursor` in the console's company and below; without a cursor from the start."""
    scope = instance_of(request).company
    return feed_read(scope=scope, cursor=cursor, limit=limit, now=read_clock())


@router.get("/instance", response=InstanceSelfOut, summary="Who am I")
def instance_self(request: HttpRequest) -> dict[str, Any]:
    """What the calling console is."""
    instance = instance_of(request)
    return {
        "instance_id": instance.uid,
        "name": instance.name,
        "company_id": instance.company.uid,
        "company_name": instance.company.name,
        "created_by_portal": instance.created_by_portal,
        "protocol": PROTOCOL,
    }


@router.post("/instance/people", response=list[PersonClaimsOut], summary="Check who is signed in")
def people_check(request: HttpRequest, body: PeopleIn) -> list[dict[str, Any]]:
    """What people who are signed in to the calling console may now. Who left, or lost all access, is missing."""
    return people_claims(uids=body.people, scope=instance_of(request).company)


@router.get("/licenses/{license_id}/credentials", response=CredentialOut, summary="Fetch a credential set")
def credentials(request: HttpRequest, license_id: UUID, product: str) -> dict[str, str]:
    """User name and secret of one product; noted in the audit log, not to be kept."""
    instance_of(request)
    license = license_get(anyone_of(request), license_id)
    found = credential_show(actor=actor_from_request(request), license=license, product_code=product, now=read_clock())
    return {"username": found.username, "secret": found.secret}


@router.post("/companies/{company_id}/offboard", response={202: JobStartedOut}, summary="Off-board a customer")
@idempotent
def company_leave(request: HttpRequest, company_id: UUID, body: OffboardIn) -> Status[dict[str, UUID]]:
    """Release the customer's seats, close agreements, archive; one job."""
    company = company_get(anyone_of(request), company_id, level=AccessLevel.WRITE)
    with transaction.atomic():
        job = company_offboard(company=company, actor=actor_from_request(request), now=read_clock(), **body.dict())
        jobs.offboard.defer(uid=str(job.uid))
    return Status(202, {"job": job.uid})


@router.post("/companies/{company_id}/restore", response=CompanyOut, summary="Bring a customer back")
def company_restore(request: HttpRequest, company_id: UUID) -> Company:
    """Restore an off-boarded customer with its history; its computers activate anew."""
    company = company_get(anyone_of(request), company_id, level=AccessLevel.WRITE)
    return company_return(company=company, actor=actor_from_request(request), now=read_clock())


@router.get("/jobs/{job_id}", response=JobOut, summary="How far is a job")
def job_show(request: HttpRequest, job_id: UUID) -> Offboarding:
    """Progress of a long job."""
    return offboarding_get(anyone_of(request), job_id)
