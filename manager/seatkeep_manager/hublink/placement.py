"""Where a mirrored company stands in the tree of static groups."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, QuerySet
from seatkeep_webkit.errors import AppError

from seatkeep_manager.directory.group_services import group_mirror, group_unlink
from seatkeep_manager.directory.mirror_services import groups_move
from seatkeep_manager.hublink.enums import HubCompanyState
from seatkeep_manager.hublink.models import MirroredCompany


def company_place(company: MirroredCompany, *, now: datetime) -> None:
    """Make or update the company's group; below Companies while its parent is not known yet. Idempotent."""
    group = group_mirror(hub_id=company.hub_id, parent_hub_id=company.parent_hub_id, name=company.name, now=now)
    if company.group_id != group.pk:
        company.group = group
        company.save(update_fields=["group"])
    if company.hub_state == HubCompanyState.REMOVED:
        group_unlink(hub_id=company.hub_id, now=now)


def companies_place_waiting(*, now: datetime) -> int:
    """Move companies that were read before their parent to where they belong; returns how many wait still.

    A company whose parent cannot take it (a cycle or too deep) stays where it is.
    """
    waiting = _waiting()
    moves = dict(waiting.values_list("hub_id", "parent_hub_id"))
    if moves:
        try:
            groups_move(moves, now=now)
        except AppError:
            return len(moves) - sum(_try_place(company, now=now) for company in waiting)
    return 0


def _waiting() -> QuerySet[MirroredCompany]:
    parents = MirroredCompany.objects.values_list("hub_id", flat=True)
    rows = MirroredCompany.objects.filter(parent_hub_id__in=parents, group__isnull=False)
    return rows.exclude(group__parent__hub_id=F("parent_hub_id")).order_by("id")


def _try_place(company: MirroredCompany, *, now: datetime) -> bool:
    try:
        company_place(company, now=now)
    except AppError:
        return False
    return True
