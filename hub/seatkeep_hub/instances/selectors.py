"""Reads of instances; the scope comes first."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from seatkeep_webkit.keyring import lookup_hmac

from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.enums import LinkStatus
from seatkeep_hub.instances.errors import InstanceUnknownError, LinkRequestOverError, LinkRequestUnknownError
from seatkeep_hub.instances.models import Instance, LinkRequest


def instance_list(viewer: Viewer) -> QuerySet[Instance]:
    """Instances of the companies that the asker may see, revoked ones too."""
    return Instance.objects.filter(company__in=companies_visible(viewer)).select_related("company")


def console_urls() -> list[str]:
    """Addresses of all consoles that a person approved; a sign-in may go on there."""
    return list(Instance.objects.filter(is_revoked=False).order_by("id").values_list("console_url", flat=True))


def instance_get(viewer: Viewer, uid: UUID) -> Instance:
    """One instance.

    Raises:
        InstanceUnknownError: There is none, or its company is not the viewer's.
    """
    instance = instance_list(viewer).filter(uid=uid).first()
    if instance is None:
        raise InstanceUnknownError
    return instance


def link_request_by_user_code(typed: str, *, now: datetime) -> LinkRequest:
    """The open request with this code.

    Args:
        typed: The code as a person typed it; case, blanks and dashes do not matter.
        now: Current time, aware UTC; a request ends at `expires_at`.

    Raises:
        LinkRequestUnknownError: No request has this code.
        LinkRequestOverError: It was decided, or `now` is at or after its end.
    """
    request = LinkRequest.objects.filter(user_code=rules.user_code_normalize(typed)).first()
    if request is None:
        raise LinkRequestUnknownError
    if request.status != LinkStatus.PENDING or now >= request.expires_at:
        raise LinkRequestOverError
    return request


def link_request_by_device_code(device_code: str) -> LinkRequest | None:
    """The request that this secret was handed out for, in any state."""
    return (
        LinkRequest.objects.select_related("instance__company")
        .filter(device_code_hmac=lookup_hmac(device_code, "link"))
        .first()
    )
