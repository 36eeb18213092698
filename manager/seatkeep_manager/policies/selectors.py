"""Reads of policies, the chain of a device, and what effectively counts on it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q, QuerySet
from seatkeep_protocol.membership import DynamicNode
from seatkeep_protocol.policy import (
    ChainNode,
    EffectiveSetting,
    NodeKind,
    Rollout,
    StaticLevel,
    chain_order,
    policies_merge,
)
from seatkeep_protocol.policy import DynamicGroup as DynamicBranch
from seatkeep_protocol.policy import Policy as ChainPolicy
from seatkeep_protocol.rollouts import chain_on
from seatkeep_protocol.settings_schema import product_schema

from seatkeep_manager.directory.access import may, may_everywhere, of_companies, shared_above
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality
from seatkeep_manager.directory.models import Device, StaticGroup, User
from seatkeep_manager.grouping.models import DynamicGroup, Membership
from seatkeep_manager.grouping.selectors import dynamic_nodes
from seatkeep_manager.policies.enums import UNFINISHED
from seatkeep_manager.policies.errors import PolicyNotFoundError, PolicyVersionNotFoundError, RolloutNotFoundError
from seatkeep_manager.policies.models import Policy, PolicyAssignment, PolicyRollout, PolicyVersion
from seatkeep_manager.policies.rules import settings_load


def policies_visible(user: User | AnonymousUser, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[Policy]:
    """The policies of companies that a person may see (READ), assign (USE) or edit (WRITE).

    What a company above shares is seen and assigned, and edited there alone. Everybody's, the built-in ones among
    them, are seen and assigned by all who may do so at any group, and edited by who may edit policies in the whole
    instance.
    """
    return _policies_of(user, level).filter(deleted_at__isnull=True).order_by("name", "id")


def policies_deleted(user: User | AnonymousUser) -> QuerySet[Policy]:
    """Deleted policies that a person may bring back, the newest first."""
    return _policies_of(user, AccessLevel.WRITE).filter(deleted_at__isnull=False).order_by("-deleted_at", "id")


def _policies_of(user: User | AnonymousUser, level: AccessLevel) -> QuerySet[Policy]:
    wanted = of_companies(user, functionality=Functionality.POLICIES, level=level)
    if level != AccessLevel.WRITE:
        wanted |= shared_above(user, functionality=Functionality.POLICIES, level=level)
    is_wide = may_everywhere if level == AccessLevel.WRITE else may
    if is_wide(user, Functionality.POLICIES, level):
        wanted |= Q(company_hub_id__isnull=True)
    return Policy.objects.filter(wanted)


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
    """The policies of many groups in merge order, as they stand in documents; two queries."""
    found: dict[int, list[ChainPolicy]] = defaultdict(list)
    for row in _with_rollouts(PolicyAssignment.objects.filter(group_id__in=group_ids)):
        found[row.group_id or 0].append(_chain_policy(row.policy))
    return {group: tuple(policies) for group, policies in found.items()}


def devices_policies(device_ids: Collection[int]) -> dict[int, tuple[ChainPolicy, ...]]:
    """The policies of many devices themselves in merge order, as they stand in documents; two queries."""
    found: dict[int, list[ChainPolicy]] = defaultdict(list)
    for row in _with_rollouts(PolicyAssignment.objects.filter(device_id__in=device_ids)):
        found[row.device_id or 0].append(_chain_policy(row.policy))
    return {device: tuple(policies) for device, policies in found.items()}


def dynamic_policies(group_ids: Collection[int]) -> dict[int, tuple[ChainPolicy, ...]]:
    """The policies of many dynamic groups in merge order, as they stand in documents; two queries."""
    found: dict[int, list[ChainPolicy]] = defaultdict(list)
    for row in _with_rollouts(PolicyAssignment.objects.filter(dynamic_group_id__in=group_ids)):
        found[row.dynamic_group_id or 0].append(_chain_policy(row.policy))
    return {group: tuple(policies) for group, policies in found.items()}


def anchors_dynamic(anchor_ids: Collection[int]) -> dict[int, tuple[DynamicNode, ...]]:
    """Static group → the dynamic groups directly below it with their policies, as documents carry them."""
    below = DynamicGroup.objects.filter(anchor_id__in=anchor_ids).values_list("pk", flat=True)
    return dynamic_nodes(anchor_ids, dynamic_policies(list(below)))


def _with_rollouts(rows: QuerySet[PolicyAssignment]) -> QuerySet[PolicyAssignment]:
    under_way = PolicyRollout.objects.filter(state__in=UNFINISHED).select_related("version")
    return (
        rows.select_related("policy")
        .prefetch_related(Prefetch("policy__rollouts", queryset=under_way, to_attr="rollouts_under_way"))
        .order_by("position", "id")
    )


def group_chain(group: StaticGroup) -> list[ChainNode]:
    """The nodes from All down to a group with their policies: what its document carries."""
    groups = {found.pk: found for found in StaticGroup.objects.filter(pk__in=group.path)}
    policies = groups_policies(group.path)
    return [
        ChainNode(kind=NodeKind.STATIC, node=groups[pk].uid.hex, name=groups[pk].name, policies=policies.get(pk, ()))
        for pk in group.path
    ]


def group_dynamic(group: StaticGroup) -> dict[str, tuple[DynamicNode, ...]]:
    """The dynamic groups on the way down to a static group: uid of the static group → the groups below it."""
    found = anchors_dynamic(group.path)
    uids = dict(StaticGroup.objects.filter(pk__in=found).values_list("pk", "uid"))
    return {uids[pk].hex: nodes for pk, nodes in sorted(found.items())}


def device_chain(device: Device) -> list[ChainNode]:
    """The nodes that count on a device, in merge order, each policy in the version that counts on it.

    Of the dynamic groups those that the device says it belongs to.
    """
    return chain_on(devices_chains([device])[device.pk], device.hex_id)


def devices_chains(devices: Collection[Device]) -> dict[int, list[ChainNode]]:
    """The chains of many devices, as their documents carry them: with the versions that are being rolled out.

    Args:
        devices: With their groups; what a group carries is read once for all its devices.
    """
    groups = {device.group_id: device.group for device in devices}
    static = {pk: group_chain(group) for pk, group in groups.items()}
    own = devices_policies([device.pk for device in devices])
    member_of: dict[int, set[str]] = defaultdict(set)
    for pk, uid in Membership.objects.filter(device__in=devices).values_list("device_id", "group__uid"):
        member_of[pk].add(uid.hex)
    dynamic = {pk: group_dynamic(group) if member_of else {} for pk, group in groups.items()}
    chains = {}
    for device in devices:
        below, mine = dynamic[device.group_id], member_of[device.pk]
        path = [StaticLevel(node, _joined(below.get(node.node, ()), mine)) for node in static[device.group_id]]
        node = ChainNode(kind=NodeKind.DEVICE, node=device.hex_id, name=device.name, policies=own.get(device.pk, ()))
        chains[device.pk] = chain_order(path, node)
    return chains


def _joined(nodes: Iterable[DynamicNode], member_of: set[str]) -> tuple[DynamicBranch, ...]:
    return tuple(
        DynamicBranch(node.node, _joined(node.children, member_of)) for node in nodes if node.node.node in member_of
    )


def effective_policy(device: Device, *, product: str) -> dict[str, EffectiveSetting]:
    """What counts on a device, setting by setting, with its origins; the same merge that the agent runs.

    Args:
        device: A device that the caller may see.
        product: `endpoint` or `agent`.
    """
    return policies_merge(device_chain(device), product=product, schema=product_schema(product))


def policy_devices(policy: Policy) -> QuerySet[Device]:
    """The managed devices under a policy's assignments, each once."""
    groups = policy.assignments.filter(group__isnull=False).values_list("group_id", flat=True)
    own = policy.assignments.filter(device__isnull=False).values("device_id")
    members = Membership.objects.filter(group__policy_assignments__policy=policy).values("device_id")
    wanted = Q(pk__in=own) | Q(pk__in=members) | Q(group__path__overlap=list(groups))
    return Device.objects.filter(wanted, state=DeviceState.ACTIVE)


def group_assignments(group: StaticGroup) -> QuerySet[PolicyAssignment]:
    """What is assigned to a group itself, in merge order, with the policy."""
    return group.policy_assignments.select_related("policy").order_by("position", "id")


def policy_versions(policy: Policy) -> QuerySet[PolicyVersion]:
    """The versions of a policy the caller may see, newest first."""
    return policy.versions.order_by("-version")


def policy_version_get(policy: Policy, *, version: int) -> PolicyVersion:
    """One version of a policy the caller may see.

    Raises:
        PolicyVersionNotFoundError: It has none of this number.
    """
    found = policy.versions.filter(version=version).first()
    if found is None:
        raise PolicyVersionNotFoundError
    return found


def rollout_under_way(policy: Policy) -> PolicyRollout | None:
    """The roll-out of a policy that has not ended."""
    return policy.rollouts.filter(state__in=UNFINISHED).select_related("version").first()


def rollout_latest(policy: Policy) -> PolicyRollout | None:
    """The newest roll-out of a policy, ended or not."""
    return policy.rollouts.select_related("version").order_by("-id").first()


def rollout_get(policy: Policy, *, uid: uuid.UUID) -> PolicyRollout:
    """One roll-out of a policy the caller may see.

    Raises:
        RolloutNotFoundError: The policy has no such roll-out.
    """
    found = policy.rollouts.filter(uid=uid).select_related("version").first()
    if found is None:
        raise RolloutNotFoundError
    return found


def rollouts_under_way_ids() -> list[int]:
    """The roll-outs that the worker looks after."""
    return list(PolicyRollout.objects.filter(state__in=UNFINISHED).order_by("pk").values_list("pk", flat=True))


def _chain_policy(policy: Policy) -> ChainPolicy:
    under_way: list[PolicyRollout] = getattr(policy, "rollouts_under_way", [])
    return ChainPolicy(
        policy=policy.uid.hex,
        name=policy.name,
        product=policy.product,
        settings=settings_load(policy.settings),
        version=policy.version,
        rollout=_chain_rollout(under_way[0]) if under_way else None,
    )


def _chain_rollout(rollout: PolicyRollout) -> Rollout:
    return Rollout(
        rollout=rollout.uid.hex,
        reach=rollout.reach,
        version=rollout.version.version,
        settings=settings_load(rollout.version.settings),
    )
