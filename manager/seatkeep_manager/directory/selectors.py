"""Reads of the directory. `groups_visible` and `devices_visible` are the one door of every page and API read."""

from __future__ import annotations

import uuid
from importlib.resources import files

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from seatkeep_manager.directory.enums import AccessLevel, DeviceState, GroupKind
from seatkeep_manager.directory.errors import DeviceNotFoundError, GroupNotFoundError
from seatkeep_manager.directory.models import Device, InventorySnapshot, StaticGroup, User

_GROUPS_VISIBLE = files(__package__).joinpath("sql/groups_visible.sql").read_text()
DEVICE_SEARCH = (
    "hostname__icontains", "display_name__icontains", "serial__icontains", "last_user__icontains",
    "domain__istartswith", "os_name__icontains", "os_build__startswith", "agent_version__istartswith",
)  # fmt: skip
"""Where a search for devices looks; one hit is enough."""
_COUNTING = {
    AccessLevel.READ: [AccessLevel.READ.value, AccessLevel.WRITE.value],
    AccessLevel.WRITE: [AccessLevel.WRITE.value],
}


def groups_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[StaticGroup]:
    """The groups that a person may see (READ) or change (WRITE); somebody without access sees none.

    Args:
        user: Who asks.
        level: READ counts READ and WRITE; WRITE counts WRITE alone.
    """
    if not isinstance(user, User) or not user.is_active:
        return StaticGroup.objects.none()
    if user.instance_level in _COUNTING[level]:
        return StaticGroup.objects.all()
    return StaticGroup.objects.filter(pk__in=RawSQL(_GROUPS_VISIBLE, [user.pk, _COUNTING[level]]))  # noqa: S611  # a constant file


def devices_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Device]:
    """The devices that a person may see (READ) or change (WRITE), retired ones included; with their group."""
    return Device.objects.filter(group__in=groups_visible(user, level=level)).select_related("group")


def devices_active_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Device]:
    """As `devices_visible`, without retired devices."""
    return devices_visible(user, level=level).filter(state=DeviceState.ACTIVE)


def devices_matching(devices: QuerySet[Device], text: str) -> QuerySet[Device]:
    """Those of devices the caller may see that a search text finds; all of them when it is empty."""
    found = Q()
    for lookup in DEVICE_SEARCH if text.strip() else ():
        found |= Q(**{lookup: text.strip()})
    return devices.filter(found)


def device_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> Device:
    """One device.

    Raises:
        DeviceNotFoundError: It does not exist or is not the person's to see (or change).
    """
    device = devices_visible(user, level=level).filter(uid=uid).first()
    if device is None:
        raise DeviceNotFoundError
    return device


def device_inventory_get(device: Device) -> InventorySnapshot | None:
    """The newest full inventory of a device the caller may see, if it ever sent one."""
    return InventorySnapshot.objects.filter(device=device).first()


def group_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> StaticGroup:
    """One group.

    Raises:
        GroupNotFoundError: It does not exist or is not the person's to see (or change).
    """
    group = groups_visible(user, level=level).filter(uid=uid).first()
    if group is None:
        raise GroupNotFoundError
    return group


def group_of_company(company_hub_id: uuid.UUID) -> StaticGroup:
    """The group that mirrors a company of the hub.

    Raises:
        GroupNotFoundError: The company is not mirrored.
    """
    group = StaticGroup.objects.filter(hub_id=company_hub_id).first()
    if group is None:
        raise GroupNotFoundError
    return group


def group_system(kind: GroupKind) -> StaticGroup:
    """All, Companies or Unassigned.

    Raises:
        GroupNotFoundError: The instance has not been started yet.
    """
    group = StaticGroup.objects.filter(kind=kind).first()
    if group is None:
        raise GroupNotFoundError
    return group
