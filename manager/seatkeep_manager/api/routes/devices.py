"""Groups and computers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import DeviceOut, GroupOut, PageOut
from seatkeep_manager.customers.across import devices_below
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.selectors import device_get, group_get, groups_visible
from seatkeep_manager.directory.services import device_restore, device_retire
from seatkeep_manager.policies.selectors import effective_policy

router = Router(tags=["Computers"])


@router.get("/groups", response=PageOut[GroupOut], summary="Groups")
def group_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Groups that the caller may see."""
    return paginate(groups_visible(caller(request)), order=("id",), cursor=cursor, limit=limit)


@router.get("/devices", response=PageOut[DeviceOut], summary="Computers")
def device_list(
    request: HttpRequest, group: UUID | None = None, cursor: str | None = None, limit: int = 100
) -> Page[Any]:
    """Managed computers that the caller may see; those in a group and below it when one is named."""
    user = caller(request)
    place = group_get(user, uid=group) if group else None
    return paginate(devices_below(user, place), order=("hostname", "id"), cursor=cursor, limit=limit)


@router.get("/devices/{uuid:uid}", response=DeviceOut, summary="One computer")
def device_read(request: HttpRequest, uid: UUID) -> Device:
    """One computer."""
    return device_get(caller(request), uid=uid)


@router.get("/devices/{uuid:uid}/settings", response=dict[str, Any], summary="What counts on a computer and why")
def device_settings(request: HttpRequest, uid: UUID, product: str = "endpoint") -> dict[str, Any]:
    """Each setting with its value and the policies that made it."""
    device = device_get(caller(request), uid=uid)
    effective = effective_policy(device, product="agent" if product == "agent" else "endpoint")
    return {
        name: {
            "value": setting.value,
            "is_forced": setting.is_forced,
            "origins": [{"policy": o.policy_name, "node": o.node_name} for o in setting.origins],
        }
        for name, setting in effective.items()
    }


@router.post("/devices/{uuid:uid}/retire", response=DeviceOut, summary="Stop managing a computer")
def device_stop(request: HttpRequest, uid: UUID) -> Device:
    """Order a computer to retire. Idempotent."""
    device = device_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return device_retire(actor=actor_from_request(request), device_id=device.pk, now=clock_now())


@router.post("/devices/{uuid:uid}/restore", response=DeviceOut, summary="Manage a computer again")
def device_back(request: HttpRequest, uid: UUID) -> Device:
    """Manage a retired computer again. Idempotent."""
    device = device_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return device_restore(actor=actor_from_request(request), device_id=device.pk, now=clock_now())
