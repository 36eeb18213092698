"""Reads of the directory; `groups_visible` and `devices_visible` are the one door of every page and API read.

Who may what is decided in `access`: `visible(user, functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from seatkeep_manager.directory.access import groups_within, within
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality, GroupKind
from seatkeep_manager.directory.errors import DeviceNotFoundError, GroupNotFoundError
from seatkeep_manager.directory.models import Device, InventorySnapshot, StaticGroup, User

DEVICE_SEARCH = (
    "hostname__icontains", "display_name__icontains", "serial__icontains", "last_user__icontains",
    "domain__istartswith", "os_name__icontains", "os_build__startswith", "agent_version__istartswith",
    "ip_addresses__icontains",
)  # fmt: skip
"""Where a search for devices looks; one hit is enough."""


def groups_visible(
    user: User | AnonymousUser,
    *,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> QuerySet[StaticGroup]:
    """The groups at which a person may look (READ), use or change something; somebody without a set sees none.

    Args:
        user: Who asks.
        level: How far; a higher level includes the lower ones.
        functionality: What it is about: the groups themselves, or what is to be done there, such as
            `Functionality.CLIENT_TASKS` with USE for groups on which a task may be run.
    """
    return groups_within(user, functionality, level)


def devices_visible(
    user: User | AnonymousUser,
    *,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> QuerySet[Device]:
    """The devices at which a person may look, use or change something, retired ones included; with their group."""
    return within(Device.objects.select_related("group"), user, functionality=functionality, level=level)


def devices_active_visible(
    user: User | AnonymousUser,
    *,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> QuerySet[Device]:
    """As `devices_visible`, without retired devices."""
    return devices_visible(user, level=level, functionality=functionality).filter(state=DeviceState.ACTIVE)


def devices_matching(devices: QuerySet[Device], text: str) -> QuerySet[Device]:
    """Those of devices the caller may see that a search text finds; all of them when it is empty."""
    found = Q()
    for lookup in DEVICE_SEARCH if text.strip() else ():
        found |= Q(**{lookup: text.strip()})
    return devices.filter(found)


def device_get(
    user: User | AnonymousUser,
    *,
    uid: uuid.UUID,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> Device:
    """One device.

    Raises:
        DeviceNotFoundError: It does not exist or is not the person's to see (or change).
    """
    device = devices_visible(user, level=level, functionality=functionality).filter(uid=uid).first()
    if device is None:
        raise DeviceNotFoundError
    return device


def device_inventory_get(device: Device) -> InventorySnapshot | None:
    """The newest full inventory of a device the caller may see, if it ever sent one."""
    return InventorySnapshot.objects.filter(device=device).first()


def group_get(
    user: User | AnonymousUser,
    *,
    uid: uuid.UUID,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> StaticGroup:
    """One group.

    Raises:
        GroupNotFoundError: It does not exist or is not the person's to see (or change).
    """
    group = groups_visible(user, level=level, functionality=functionality).filter(uid=uid).first()
    if group is None:
        raise GroupNotFoundError
    return group


def devices_chosen(
    user: User | AnonymousUser, uids: Collection[uuid.UUID], *, level: AccessLevel = AccessLevel.WRITE
) -> QuerySet[Device]:
    """Exactly these devices, retired ones included, in the order of their names.

    Raises:
        DeviceNotFoundError: One does not exist or is not the person's to change.
    """
    found = devices_visible(user, level=level).filter(uid__in=uids).order_by("hostname", "pk")
    if found.count() != len(set(uids)):
        raise DeviceNotFoundError
    return found


def groups_found(groups: QuerySet[StaticGroup], text: str, *, limit: int = 12) -> list[StaticGroup]:
    """Those of groups the caller may see whose name holds the text; companies first, then by name."""
    rows = groups.filter(name__icontains=text.strip()) if text.strip() else groups
    return list(rows.order_by("hub_id", "name", "pk")[:limit])


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
