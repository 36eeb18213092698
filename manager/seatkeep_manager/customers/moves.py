"""What a move of computers to another group would change: customers, policies, tasks, licenses."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.hublink.selectors import license_for_company
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.statedocs.rules import PRODUCT_OF_KIND
from seatkeep_manager.tasks.models import ClientTask


@dataclass(frozen=True)
class MovePreview:
    """What a move would change.

    Attributes:
        moving: How many computers go; the others stand there already.
        staying: Those others.
        retired: How many no longer managed ones are among the chosen; they refuse the move.
        leaving: How many leave their customer.
        policies_lost: Names of policies of groups that some of them stand in now and would not any more.
        policies_gained: Names of policies of the new place.
        tasks_lost: Kinds of tasks of groups that they leave.
        tasks_gained: Kinds of tasks of the new place.
        licenses: Licenses of the new customer from which those that leave take their seats.
        unlicensed: How many of those that leave would have no license there: they give their seats back.
    """

    moving: int
    staying: int
    retired: int
    leaving: int
    policies_lost: list[str]
    policies_gained: list[str]
    tasks_lost: list[str]
    tasks_gained: list[str]
    licenses: list[str]
    unlicensed: int


def move_preview(devices: QuerySet[Device], group: StaticGroup) -> MovePreview:
    """What becomes of chosen computers that the caller may change, in a number of statements that does not grow.

    Args:
        devices: The chosen ones.
        group: Where they would go; the caller may change it.
    """
    chosen = devices.order_by()
    moving = chosen.exclude(group=group).filter(state="ACTIVE")
    paths = StaticGroup.objects.filter(pk__in=moving.values("group_id")).values_list("path", flat=True)
    here = {node for path in paths for node in path}
    there = set(group.path)
    # What stands at or above both is neither lost nor gained; a group on one way only is.
    lost, gained = here - there, there - _common(list(paths))
    leaving = (
        moving.exclude(company_hub_id=group.company_hub_id)
        if group.company_hub_id
        else moving.exclude(company_hub_id__isnull=True)
    )
    licenses, unlicensed = _licenses(leaving, group.company_hub_id)
    total = chosen.count()
    going = moving.count()
    retired = chosen.filter(state="RETIRED").count()
    return MovePreview(
        moving=going,
        staying=total - going - retired,
        retired=retired,
        leaving=leaving.count(),
        policies_lost=_policies(lost),
        policies_gained=_policies(gained),
        tasks_lost=_tasks(lost),
        tasks_gained=_tasks(gained),
        licenses=licenses,
        unlicensed=unlicensed,
    )


def _common(paths: Collection[list[int]]) -> set[int]:
    """The groups that all stand in."""
    sets = [set(path) for path in paths]
    return set.intersection(*sets) if sets else set()


def _policies(groups: Collection[int]) -> list[str]:
    rows = PolicyAssignment.objects.filter(group__in=groups).order_by("policy__name")
    return list(dict.fromkeys(rows.values_list("policy__name", flat=True)))


def _tasks(groups: Collection[int]) -> list[str]:
    rows = ClientTask.objects.filter(group__in=groups, ended_at__isnull=True)
    return sorted(set(rows.order_by().values_list("kind", flat=True)))


def _licenses(leaving: QuerySet[Device], company: UUID | None) -> tuple[list[str], int]:
    kinds = leaving.values_list("kind").annotate(n=Count("id")).values_list("kind", "n")
    names, missing = set[str](), 0
    for kind, count in kinds:
        product = PRODUCT_OF_KIND.get(kind)
        found = license_for_company(company_hub_id=company, product=product) if company and product else None
        if found is None:
            missing += count
        else:
            names.add(found.public_id)
    return sorted(names), missing
