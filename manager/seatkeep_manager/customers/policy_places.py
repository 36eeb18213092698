"""Where policies count, as far as a person may see it: reads that combine policies, groups and set-up templates."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.directory.access import groups_within, may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import TARGETS, Policy, PolicyAssignment
from seatkeep_manager.policies.selectors import policies_visible


@dataclass(frozen=True)
class Level:
    """A group on the way down with its policies in merge order, and the dynamic groups below it that have any."""

    group: StaticGroup
    is_last: bool
    assignments: list[PolicyAssignment]
    dynamic: list[PolicyAssignment]


def policies_with_targets(user: User) -> QuerySet[Policy]:
    """Policies with the assignments whose targets the person may see; how many others there are stays untold."""
    rows = assignments_visible(user).select_related(*TARGETS)
    return policies_visible(user).prefetch_related(Prefetch("assignments", queryset=rows))


def policies_for(user: User, company: MirroredCompany) -> QuerySet[Policy]:
    """Policies that a person may put on a customer: its own, those shared by companies above it, everybody's."""
    path = company.group.path if company.group else []
    above = StaticGroup.objects.filter(pk__in=path, hub_id__isnull=False).values("hub_id")
    return policies_visible(user).filter(Q(company_hub_id__isnull=True) | Q(company_hub_id__in=above))


def assignments_visible(user: User, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[PolicyAssignment]:
    """Assignments at targets where a person may see or assign (USE) policies, in merge order."""
    if may_everywhere(user, Functionality.POLICIES, level):
        return PolicyAssignment.objects.order_by("position", "id")
    groups = groups_within(user, Functionality.POLICIES, level)
    mine = Q(group__in=groups) | Q(dynamic_group__anchor__in=groups) | Q(device__group__in=groups)
    return PolicyAssignment.objects.filter(mine).order_by("position", "id")


def assignment_visible(user: User, *, uid: UUID) -> PolicyAssignment | None:
    """An assignment at whose target the person may assign policies."""
    rows = assignments_visible(user, level=AccessLevel.USE).filter(uid=uid)
    return rows.select_related("policy", *TARGETS).first()


def policy_assignments_visible(user: User, policy: Policy) -> list[PolicyAssignment]:
    """What a policy is assigned to, as far as a person may see it."""
    return list(assignments_visible(user).filter(policy=policy).select_related(*TARGETS))


def policy_template_names(policy: Policy) -> list[str]:
    """The set-up templates that give a policy to new customers."""
    return list(CustomerTemplate.objects.filter(policies=policy).order_by("name").values_list("name", flat=True))


def group_levels(group: StaticGroup) -> list[Level]:
    """Every group from All down to one that the caller may see, each with what merges there; three queries."""
    groups = {found.pk: found for found in StaticGroup.objects.filter(pk__in=group.path)}
    rows = PolicyAssignment.objects.select_related("policy", *TARGETS).order_by("position", "id")
    static = list(rows.filter(group__in=group.path))
    dynamic = list(rows.filter(dynamic_group__anchor__in=group.path).order_by("dynamic_group__position", "position"))
    return [
        Level(
            groups[pk],
            pk == group.pk,
            [row for row in static if row.group_id == pk],
            [row for row in dynamic if row.anchor_id == pk],
        )
        for pk in group.path
    ]
