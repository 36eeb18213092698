"""Customers, licenses, the journal."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import (
    CustomerOut,
    ForecastOut,
    LicenseOut,
    OffboardIn,
    OffboardOut,
    PageOut,
)
from seatkeep_manager.customers.across import licenses_with_seats
from seatkeep_manager.customers.errors import OffboardNotFoundError
from seatkeep_manager.customers.hand_over import pack_hand_out
from seatkeep_manager.customers.models import OffboardJob
from seatkeep_manager.customers.offboarding import offboard_cancel, offboard_retry, offboard_start
from seatkeep_manager.customers.returning import customer_restore
from seatkeep_manager.customers.selectors import (
    OffboardForecast,
    customer_get,
    customers_visible,
    offboard_forecast,
    offboard_latest,
    pack_get,
)
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.services import company_client

router = Router(tags=["Customers"])


@router.get("/customers", response=PageOut[CustomerOut], summary="Customers")
def customer_list(
    request: HttpRequest, state: str | None = None, cursor: str | None = None, limit: int = 100
) -> Page[Any]:
    """Customers that the caller may see."""
    rows = customers_visible(caller(request))
    rows = rows.filter(state=state) if state else rows
    return paginate(rows, order=("name", "id"), cursor=cursor, limit=limit)


@router.get("/customers/{uuid:uid}", response=CustomerOut, summary="One customer")
def customer_read(request: HttpRequest, uid: UUID) -> MirroredCompany:
    """One customer."""
    return customer_get(caller(request), uid=uid)


@router.post("/customers/{uuid:uid}/offboard", response={202: OffboardOut}, summary="Off-board a customer")
@idempotent
def customer_offboard(request: HttpRequest, uid: UUID, body: OffboardIn) -> Status[OffboardJob]:
    """Plan a customer's leave."""
    company = customer_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    job = offboard_start(actor=actor_from_request(request), company=company, now=clock_now(), **body.dict())
    return Status(202, job)


@router.get("/customers/{uuid:uid}/offboard", response=OffboardOut, summary="How far an off-boarding is")
def customer_offboard_read(request: HttpRequest, uid: UUID) -> OffboardJob:
    """The newest off-boarding of a customer."""
    return _offboard(request, uid, AccessLevel.READ)


@router.get("/customers/{uuid:uid}/offboard/preview", response=ForecastOut, summary="What an off-boarding would hit")
def customer_offboard_preview(request: HttpRequest, uid: UUID) -> OffboardForecast:
    """Counts; nothing is changed."""
    return offboard_forecast(customer_get(caller(request), uid=uid), now=clock_now())


@router.post("/customers/{uuid:uid}/offboard/cancel", response=OffboardOut, summary="Call an off-boarding off")
def customer_offboard_cancel(request: HttpRequest, uid: UUID) -> OffboardJob:
    """Call it off before Licensing is told; policies come back, revoked keys do not. Idempotent."""
    job = _offboard(request, uid, AccessLevel.WRITE)
    return offboard_cancel(actor=actor_from_request(request), job_id=job.pk, now=clock_now())


@router.post("/customers/{uuid:uid}/offboard/retry", response=OffboardOut, summary="Try a failed step now")
def customer_offboard_retry(request: HttpRequest, uid: UUID) -> OffboardJob:
    """Try the step that failed again now."""
    job = _offboard(request, uid, AccessLevel.WRITE)
    return offboard_retry(actor=actor_from_request(request), job_id=job.pk, now=clock_now())


def _offboard(request: HttpRequest, uid: UUID, level: AccessLevel) -> OffboardJob:
    job = offboard_latest(customer_get(caller(request), uid=uid, level=level))
    if job is None:
        raise OffboardNotFoundError
    return job


@router.get("/customers/{uuid:uid}/hand-over", summary="The hand-over pack of an off-boarded customer")
def customer_hand_over(request: HttpRequest, uid: UUID) -> HttpResponse:
    """A zip of plain files; audited."""
    pack = pack_get(customer_get(caller(request), uid=uid, level=AccessLevel.WRITE))
    data = pack_hand_out(actor=actor_from_request(request), pack=pack, now=clock_now())
    return HttpResponse(data, content_type="application/zip")


@router.post("/customers/{uuid:uid}/restore", response=CustomerOut, summary="Bring a customer back")
def customer_back(request: HttpRequest, uid: UUID) -> MirroredCompany:
    """Bring an off-boarded customer back. Idempotent."""
    company = customer_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    now = clock_now()
    return customer_restore(
        actor=actor_from_request(request), company=company, client=partial(company_client, now=now), now=now
    )


@router.get("/licenses", response=PageOut[LicenseOut], summary="Licenses")
def license_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Licenses as Licensing tells them."""
    return paginate(licenses_with_seats(caller(request)), order=("public_id", "id"), cursor=cursor, limit=limit)
