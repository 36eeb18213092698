"""Which devices obey a version that is being rolled out: pure, the same on the agent and in the manager (ADR 9).

Every device has a place in the line of each roll-out: a number out of a hash, so that nobody keeps a list, an offline
device decides for itself, and each roll-out has another device first. A roll-out reaches the places below `reach`; it
only grows, so a device that obeys the new version goes on obeying it until the roll-out ends or is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from seatkeep_protocol.policy import ChainNode, Policy

EVERYONE = 2**32
"""The reach of all devices; places are 0 to EVERYONE - 1."""


def place_in_line(rollout: str, device: str) -> int:
    """Return a device's place in the line of a roll-out, 0 (inclusive) to EVERYONE (exclusive).

    Args:
        rollout: Uid of the roll-out, 32 hex digits.
        device: Uid of the device, 32 hex digits.
    """
    digest = hashlib.sha256(f"{rollout}:{device}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def reach_for(rollout: str, devices: Iterable[str], percent: int) -> int:
    """Return the reach that takes in `percent` of these devices, rounded up and at least one; 100 is EVERYONE.

    Choosing it by the places that exist makes 10 % of eight computers one computer, not whatever the hash gives.

    Args:
        rollout: Uid of the roll-out.
        devices: Those under the policy now; whoever joins later finds a place by the same hash.
        percent: 1 to 100.
    """
    places = sorted(place_in_line(rollout, device) for device in devices)
    if percent >= 100 or not places:
        return EVERYONE
    count = -(-len(places) * percent // 100)
    return places[count - 1] + 1


def is_reached(policy: Policy, device: str) -> bool:
    """Tell whether a device obeys the newer version of a policy that is being rolled out."""
    rollout = policy.rollout
    return rollout is not None and place_in_line(rollout.rollout, device) < rollout.reach


def policy_on(policy: Policy, device: str) -> Policy:
    """Return a policy as this device obeys it, with nothing under way."""
    if policy.rollout is None:
        return policy
    if is_reached(policy, device):
        newer = policy.rollout
        return msgspec.structs.replace(policy, settings=newer.settings, version=newer.version, rollout=None)
    return msgspec.structs.replace(policy, rollout=None)


def chain_on(nodes: Iterable[ChainNode], device: str) -> list[ChainNode]:
    """Return a chain as this device obeys it: of each policy the version that counts here."""
    return [
        msgspec.structs.replace(node, policies=tuple(policy_on(policy, device) for policy in node.policies))
        for node in nodes
    ]
