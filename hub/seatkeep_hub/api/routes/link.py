"""`/link`: how a manager asks to be linked (device-code grant in shape; docs/reference/wire.md, section 5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, HttpUrl
from seatkeep_license.errors import LicenseError
from seatkeep_license.keys import VerifyKey
from seatkeep_webkit.actors import client_ip
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.ratelimit.services import rate_limit

from seatkeep_hub.instances import rules
from seatkeep_hub.instances.enums import LinkStatus
from seatkeep_hub.instances.errors import InstanceKeyInvalidError
from seatkeep_hub.instances.models import LinkRequest
from seatkeep_hub.instances.selectors import link_request_by_device_code
from seatkeep_hub.instances.services import link_request_create

router = Router(tags=["Link"])
Answer = Status[dict[str, object]]


class LinkIn(Schema):
    """What a manager says about itself."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    console_url: HttpUrl
    jwk: dict[str, str]
    bootstrap_token: Annotated[str, Field(max_length=200)] | None = None


class LinkOut(Schema):
    """What the manager shows to a person, and the secret with which it asks for the answer."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval_seconds: int
    expires_in_seconds: int


class PollIn(Schema):
    """The secret of a link request."""

    device_code: Annotated[str, Field(max_length=100)]


class PollOut(Schema):
    """Where the request stands; the other fields come with `approved`."""

    status: str
    instance_id: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    licensing_device_url: str | None = None


@router.post("/link", response={201: LinkOut}, auth=None, summary="Ask to be linked")
def link_start(request: HttpRequest, body: LinkIn) -> Answer:
    """Ask to be linked. A person opens `verification_uri_complete`; meanwhile poll."""
    now = read_clock()
    rate_limit(key=f"link:{client_ip(request)}", limit=30, window=timedelta(hours=1), now=now)
    try:
        key = VerifyKey.from_jwk(body.jwk)
    except LicenseError as error:
        raise InstanceKeyInvalidError(fields={"jwk": [str(InstanceKeyInvalidError.message)]}) from error
    started = link_request_create(
        name=body.name,
        console_url=str(body.console_url).rstrip("/"),
        public_key=key.raw,
        key_thumbprint=key.kid,
        bootstrap_token=body.bootstrap_token,
        now=now,
    )
    return Status(201, _started(started.request, started.device_code))


@router.post(
    "/link/poll",
    response={200: PollOut, 202: PollOut, 410: PollOut},
    auth=None,
    exclude_none=True,
    summary="Ask for the answer",
)
def link_poll(request: HttpRequest, body: PollIn) -> Answer:
    """202 while nobody answered, 200 when approved, 410 when denied or over."""
    now = read_clock()
    rate_limit(key=f"link-poll:{client_ip(request)}", limit=240, window=timedelta(minutes=1), now=now)
    found = link_request_by_device_code(body.device_code)
    if found is None or (found.status == LinkStatus.PENDING and now >= found.expires_at):
        return Status(410, {"status": "expired"})
    if found.status == LinkStatus.PENDING:
        return Status(202, {"status": "pending"})
    if found.instance is None:
        return Status(410, {"status": "denied"})
    return Status(200, _approved(found))


def _started(request: LinkRequest, device_code: str) -> dict[str, object]:
    verification_uri = f"{settings.LICENSING_URL}/link/"
    return {
        "device_code": device_code,
        "user_code": request.user_code,
        "verification_uri": verification_uri,
        "verification_uri_complete": f"{verification_uri}?code={request.user_code}",
        "interval_seconds": int(rules.poll_interval(is_bootstrap=request.is_bootstrap).total_seconds()),
        "expires_in_seconds": int((request.expires_at - request.created_at).total_seconds()),
    }


def _approved(request: LinkRequest) -> dict[str, object]:
    instance = request.instance
    if instance is None:
        raise ValueError("an approved request has an instance")
    return {
        "status": "approved",
        "instance_id": str(instance.uid),
        "company_id": str(instance.company.uid),
        "company_name": instance.company.name,
        "licensing_device_url": settings.LICENSING_DEVICE_URL,
    }
