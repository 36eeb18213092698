"""Reads of templates, dynamic groups and who belongs to them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from seatkeep_protocol.membership import DynamicNode, Template, is_member
from seatkeep_protocol.policy import ChainNode, NodeKind, Policy

from seatkeep_manager.directory.access import may, may_everywhere, of_companies, shared_above, within
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.grouping.errors import DynamicGroupNotFoundError, TemplateNotFoundError
from seatkeep_manager.grouping.known import devices_status
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.grouping.rules import template_load

PREVIEW_LOOKS = 2_000


def templates_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[GroupTemplate]:
    """The templates of companies that a person may see or change, each with `group_count`.

    What a company above shares is seen, and changed there alone. Everybody's are seen by all who see any group, and
    changed by who may change the whole instance.
    """
    wanted = of_companies(user, functionality=Functionality.GROUPS, level=level)
    if level != AccessLevel.WRITE:
        wanted |= shared_above(user, functionality=Functionality.GROUPS, level=level)
    is_wide = may_everywhere if level == AccessLevel.WRITE else may
    if is_wide(user, Functionality.GROUPS, level):
        wanted |= Q(company_hub_id__isnull=True)
    return GroupTemplate.objects.filter(wanted).annotate(group_count=Count("groups")).order_by("name", "id")


def template_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> GroupTemplate:
    """One template.

    Raises:
        TemplateNotFoundError: It does not exist or is not the person's to see (or change).
    """
    template = templates_visible(user, level=level).filter(uid=uid).first()
    if template is None:
        raise TemplateNotFoundError
    return template


def dynamic_groups_visible(
    user: User | AnonymousUser,
    *,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> QuerySet[DynamicGroup]:
    """The dynamic groups under static groups at which a person may look, use or change, with anchor and template."""
    found = DynamicGroup.objects.select_related("anchor", "parent", "template")
    mine = within(found, user, field="anchor", functionality=functionality, level=level)
    return mine.order_by("anchor__path", "position", "id")


def dynamic_group_get(
    user: User | AnonymousUser,
    *,
    uid: uuid.UUID,
    level: AccessLevel = AccessLevel.READ,
    functionality: Functionality = Functionality.GROUPS,
) -> DynamicGroup:
    """One dynamic group.

    Raises:
        DynamicGroupNotFoundError: It does not exist or is not the person's to see (or change).
    """
    group = dynamic_groups_visible(user, level=level, functionality=functionality).filter(uid=uid).first()
    if group is None:
        raise DynamicGroupNotFoundError
    return group


def member_counts(groups: QuerySet[StaticGroup]) -> dict[int, int]:
    """Dynamic group → how many managed devices, standing in static groups that the caller may see, belong to it."""
    counted = Device.objects.filter(state=DeviceState.ACTIVE, group__in=groups, memberships__isnull=False)
    rows = counted.order_by().values_list("memberships__group").annotate(n=Count("id"))
    return dict(rows)


def dynamic_nodes(
    anchor_ids: Collection[int], policies: Mapping[int, tuple[Policy, ...]]
) -> dict[int, tuple[DynamicNode, ...]]:
    """The dynamic groups of static groups as documents carry them; one query.

    Args:
        anchor_ids: The static groups.
        policies: Dynamic group → its policies in merge order.

    Returns:
        Static group → the groups directly below it, in list order.
    """
    below: dict[tuple[int, int | None], list[DynamicGroup]] = defaultdict(list)
    rows = DynamicGroup.objects.filter(anchor_id__in=anchor_ids).select_related("template")
    for row in rows.order_by("position", "id"):
        below[row.anchor_id, row.parent_id].append(row)

    def node(group: DynamicGroup) -> DynamicNode:
        own = ChainNode(kind=NodeKind.DYNAMIC, node=group.uid.hex, name=group.name, policies=policies.get(group.pk, ()))
        template = template_load(group.template.operation, group.template.rules)
        return DynamicNode(own, template, tuple(map(node, below[group.anchor_id, group.pk])))

    return {anchor: tuple(map(node, below[anchor, None])) for anchor in anchor_ids if below[anchor, None]}


@dataclass(frozen=True)
class Preview:
    """Whom a template would take.

    Attributes:
        devices: Those that it takes, by name.
        looked: How many were asked.
        total: How many there are; more than `looked` when not all were asked.
    """

    devices: list[Device]
    looked: int
    total: int


def template_preview(template: Template, devices: QuerySet[Device], *, now: datetime) -> Preview:
    """Ask the rules of devices the caller may see, from what the manager knows; at most 2,000 of them, by name.

    Args:
        template: What to ask, saved or not.
        devices: Whom to ask; only managed ones are.
        now: Current time, aware UTC.
    """
    managed = devices.filter(state=DeviceState.ACTIVE).order_by("hostname", "id")
    asked = list(managed[:PREVIEW_LOOKS])
    total = len(asked) if len(asked) < PREVIEW_LOOKS else managed.count()
    taken = [device for device, status in devices_status(asked, now=now) if is_member(template, status)]
    return Preview(taken, len(asked), total)
