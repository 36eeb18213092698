"""Where a new device stands: in the group that its installation names, else where its key says."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.errors import GroupNotFoundError
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.selectors import group_of_company
from seatkeep_manager.enrollment.models import UnknownGroup

MAX_STEPS = 16


def named_group(company_hub_id: UUID | None, path: str) -> StaticGroup | None:
    """The static group at a path of names below a customer's own group; None when there is none, or more than one.

    Only the customer's own groups count: a path never leads to another company, not even to one below.

    Args:
        company_hub_id: The customer of the key.
        path: Names with `/` or `\\` between them, such as "Office/Reception"; case counts only where names differ by
            nothing else.
    """
    names = [name.strip() for name in re.split(r"[/\\]", path) if name.strip()]
    if company_hub_id is None or not 0 < len(names) <= MAX_STEPS:
        return None
    try:
        group = group_of_company(company_hub_id)
    except GroupNotFoundError:
        return None
    for name in names:
        below = list(StaticGroup.objects.filter(parent=group, company_hub_id=company_hub_id, name__iexact=name)[:3])
        exact = [found for found in below if found.name == name] or below
        if len(exact) != 1:
            return None
        group = exact[0]
    return group


def group_unknown_note(*, actor: Actor, device: Device, path: str, now: datetime) -> None:
    """Leave word that the named group does not exist: the device stands where its key says."""
    UnknownGroup.objects.update_or_create(device=device, defaults={"path": path[:255], "placed": device.group})
    audit_record(
        actor=actor, action="device:group_unknown", subject_type="device", subject_id=str(device.uid),
        company_uid=device.company_hub_id, details={"hostname": device.hostname, "group": path[:255]}, now=now,
    )  # fmt: skip
