"""Computers."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from seatkeep_protocol.vocabulary import OsFamily
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotFoundError
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.device_schemas import DeviceNameIn
from seatkeep_manager.api.schemas import (
    AssignmentOut,
    DeviceOut,
    DevicePolicyIn,
    LicenseAssignIn,
    LicenseAssignmentOut,
    PageOut,
)
from seatkeep_manager.customers.across import devices_below
from seatkeep_manager.directory.acts import devices_rename
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.selectors import device_get, devices_matching, group_get
from seatkeep_manager.directory.services import device_restore, device_retire
from seatkeep_manager.policies.selectors import policy_get
from seatkeep_manager.policies.services import policy_assign_device
from seatkeep_manager.statedocs.errors import NoLicenseForDeviceError
from seatkeep_manager.statedocs.licenses import license_assign, license_unassign
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_manager.statedocs.rules import PRODUCT_OF_KIND
from seatkeep_manager.statedocs.selectors import license_assignment_get, licenses_fitting

router = Router(tags=["Computers"])


@router.get("/devices", response=PageOut[DeviceOut], summary="Computers")
def device_list(
    request: HttpRequest,
    group: UUID | None = None,
    os: OsFamily | None = None,
    search: Annotated[str, Query(max_length=100)] = "",
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Managed computers that the caller may see.

    `group` keeps those in it and below, `os` one kind of system; `search` looks at name, serial number, last user,
    domain and system.
    """
    user = caller(request)
    found = devices_below(user, group_get(user, uid=group) if group else None)
    found = devices_matching(found, search)
    if os is not None:
        found = found.filter(os_family=os.value)
    return paginate(found, order=("hostname", "id"), cursor=cursor, limit=limit)


@router.get("/devices/{uuid:uid}", response=DeviceOut, summary="One computer")
def device_read(request: HttpRequest, uid: UUID) -> Device:
    """One computer."""
    return device_get(caller(request), uid=uid)


@router.patch("/devices/{uuid:uid}", response=DeviceOut, summary="Rename a computer")
def rename_one(request: HttpRequest, uid: UUID, body: DeviceNameIn) -> Device:
    """Give a computer a name for people; empty brings back its host name. Refused with `name_invalid`."""
    user = caller(request)
    found = device_get(user, uid=uid, level=AccessLevel.WRITE)
    devices_rename(actor=actor_from_request(request), user=user, names={found.pk: body.name}, now=clock_now())
    return device_get(user, uid=uid)


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


@router.get("/devices/{uuid:uid}/license", response=LicenseAssignmentOut, summary="A computer's license")
def device_license(request: HttpRequest, uid: UUID) -> LicenseAssignment:
    """What a computer is told to hold; 404 when nothing."""
    found = license_assignment_get(device_get(caller(request), uid=uid, functionality=Functionality.LICENSES))
    if found is None:
        raise NotFoundError
    return found


@router.post("/devices/{uuid:uid}/license", response=LicenseAssignmentOut, summary="Assign a license")
def device_license_assign(request: HttpRequest, uid: UUID, body: LicenseAssignIn) -> LicenseAssignment:
    """Let a computer take a seat; also again after it was stopped in Licensing. Idempotent."""
    device = device_get(caller(request), uid=uid, functionality=Functionality.LICENSES, level=AccessLevel.WRITE)
    fitting = [found.public_id for found in licenses_fitting(device)]
    chosen = body.license or next(iter(fitting), None)
    if chosen is None or chosen not in fitting:
        raise NoLicenseForDeviceError
    product = PRODUCT_OF_KIND[device.kind]
    return license_assign(
        actor=actor_from_request(request), device=device, license_public_id=chosen, product=product, now=clock_now()
    )


@router.delete("/devices/{uuid:uid}/license", response={204: None}, summary="Take a license away")
def device_license_take(request: HttpRequest, uid: UUID) -> Status[None]:
    """Let a computer give its seat back; it gets no other by itself. Idempotent."""
    device = device_get(caller(request), uid=uid, functionality=Functionality.LICENSES, level=AccessLevel.WRITE)
    license_unassign(actor=actor_from_request(request), device=device, now=clock_now())
    return Status(204, None)


@router.post("/devices/{uuid:uid}/policies", response={201: AssignmentOut}, summary="Assign a policy to a computer")
def device_policy(request: HttpRequest, uid: UUID, body: DevicePolicyIn) -> Status[Any]:
    """Put a policy on this computer alone. Idempotent."""
    user = caller(request)
    device = device_get(user, uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    policy = policy_get(user, uid=body.policy, level=AccessLevel.USE)
    made = policy_assign_device(
        actor=actor_from_request(request), policy_id=policy.pk, device_id=device.pk, now=clock_now()
    )
    return Status(201, made)
