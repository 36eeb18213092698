"""What counts on a device and why; also what would count if it obeyed another policy or version."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from seatkeep_protocol.policy import ChainNode, EffectiveSetting, Voice, policies_explain, policies_merge
from seatkeep_protocol.policy import Policy as ChainPolicy
from seatkeep_protocol.settings_schema import product_schema

from seatkeep_manager.directory.models import Device
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.rules import settings_load
from seatkeep_manager.policies.selectors import device_chain, policy_version_get


@dataclass(frozen=True)
class Views:
    """Every setting of a product on a device, and for each everybody who spoke."""

    chain: list[ChainNode]
    effective: dict[str, EffectiveSetting]
    voices: dict[str, tuple[Voice, ...]]


def device_views(device: Device, *, product: str, trying: Policy | None = None, version: int | None = None) -> Views:
    """What counts on a device, by the merge that the agent runs.

    Args:
        device: A device that the caller may see.
        product: `endpoint` or `agent`.
        trying: A policy that the caller may see, as if the device obeyed it: where it is assigned already in the given
            version, else last of all on the device's group.
        version: The version of `trying`; None: the one in force.

    Raises:
        PolicyVersionNotFoundError: `trying` has no such version.
    """
    chain = device_chain(device)
    if trying is not None:
        chain = _tried(chain, _as_tried(trying, version), device)
    schema = product_schema(product)
    return Views(
        chain,
        policies_merge(chain, product=product, schema=schema),
        policies_explain(chain, product=product, schema=schema),
    )


def _as_tried(policy: Policy, number: int | None) -> ChainPolicy:
    found = policy_version_get(policy, version=policy.version if number is None else number)
    return ChainPolicy(
        policy=policy.uid.hex,
        name=policy.name,
        product=policy.product,
        settings=settings_load(found.settings),
        version=found.version,
    )


def _tried(chain: list[ChainNode], policy: ChainPolicy, device: Device) -> list[ChainNode]:
    is_assigned = any(one.policy == policy.policy for node in chain for one in node.policies)
    group = device.group.uid.hex
    return [
        msgspec.structs.replace(
            node,
            policies=tuple(policy if one.policy == policy.policy else one for one in node.policies)
            + ((policy,) if not is_assigned and node.node == group else ()),
        )
        for node in chain
    ]
