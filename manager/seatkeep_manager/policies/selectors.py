"""Reads of policies, the chain of a device, and what effectively counts on it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from seatkeep_protocol.policy import ChainNode, EffectiveSetting, NodeKind, policies_merge
from seatkeep_protocol.policy import Policy as ChainPolicy
from seatkeep_protocol.settings_schema import product_schema

from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.policies.errors import PolicyNotFoundError
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.rules import settings_load


def policies_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Policy]:
    """The policies of companies that a person may see or change; everybody's policies can be seen by all signed in,
    and changed by who may change the whole instance."""
    if not isinstance(user, User):
        return Policy.objects.none()
    companies = groups_visible(user, level=level).filter(hub_id__isnull=False).values("hub_id")
    wanted = Q(company_hub_id__in=companies)
    if level == AccessLevel.READ or user.instance_level == AccessLevel.WRITE:
        wanted |= Q(company_hub_id__isnull=True)
    return Policy.objects.filter(wanted, deleted_at__isnull=True).order_by("name", "id")


def policy_get(user: User | AnonymousUser, *, uid: uuid.UUID, level: AccessLevel = AccessLevel.READ) -> Policy:
    """One policy.

    Raises:
        PolicyNotFoundError: It does not exist or is not the person's to see (or change).
    """
    policy = policies_visible(user, level=level).filter(uid=uid).first()
    if policy is None:
        raise PolicyNotFoundError
    return policy


def device_assignments(device: Device) -> QuerySet[PolicyAssignment]:
    """What is assigned to a device itself, in merge order, with the policy."""
    return device.policy_assignments.select_related("policy").order_by("position", "id")


def groups_policies(group_ids: Collection[int]) -> dict[int, tuple[ChainPolicy, ...]]:
    """The policies of many groups in merge order, as they stand in documents; one query."""
    found: dict[int, list[ChainPolicy]] = defaultdict(list)
    rows = PolicyAssignment.objects.filter(group_id__in=group_ids).select_related("policy").order_by("position", "id")
    for row in rows:
        found[row.group_id or 0].append(_chain_policy(row.policy))
    return {group: tuple(policies) for group, policies in found.items()}


def devices_policies(device_ids: Collection[int]) -> dict[int, tuple[ChainPolicy, ...]]:
    """The policies of many devices themselves in merge order, as they stand in documents; one query."""
    found: dict[int, list[ChainPolicy]] = defaultdict(list)
    rows = PolicyAssignment.objects.filter(device_id__in=device_ids).select_related("policy").order_by("position", "id")
    for row in rows:
        found[row.device_id or 0].append(_chain_policy(row.policy))
    return {device: tuple(policies) for device, policies in found.items()}


def group_chain(group: StaticGroup) -> list[ChainNode]:
    """The nodes from All down to a group with their policies: what its document carries."""
    groups = {found.pk: found for found in StaticGroup.objects.filter(pk__in=group.path)}
    policies = groups_policies(group.path)
    return [
        ChainNode(kind=NodeKind.STATIC, node=groups[pk].uid.hex, name=groups[pk].name, policies=policies.get(pk, ()))
        for pk in group.path
    ]


def device_chain(device: Device) -> list[ChainNode]:
    """The nodes from All down to a device itself with their policies, in merge order."""
    own = ChainNode(
        kind=NodeKind.DEVICE,
        node=device.hex_id,
        name=device.name,
        policies=devices_policies([device.pk]).get(device.pk, ()),
    )
    return [*group_chain(device.group), own]


def effective_policy(device: Device, *, product: str) -> dict[str, EffectiveSetting]:
    """What counts on a device, setting by setting, with its origins; the same merge that the agent runs.

    Args:
        device: A device that the caller may see.
        product: `endpoint` or `agent`.
    """
    return policies_merge(device_chain(device), product=product, schema=product_schema(product))


def policy_device_count(policy: Policy) -> int:
    """How many managed devices stand under a policy's assignments."""
    groups = policy.assignments.filter(group__isnull=False).values_list("group_id", flat=True)
    wanted = Q(policy_assignments__policy=policy) | Q(group__path__overlap=list(groups))
    return Device.objects.filter(wanted, state="ACTIVE").distinct().count()


def _chain_policy(policy: Policy) -> ChainPolicy:
    return ChainPolicy(
        policy=policy.uid.hex, name=policy.name, product=policy.product, settings=settings_load(policy.settings)
    )
