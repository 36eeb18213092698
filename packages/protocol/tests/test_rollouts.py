"""Which devices obey a version that is being rolled out."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import DEVICE_DOCUMENT, GROUP, GROUP_DOCUMENT
from seatkeep_protocol.documents import document_chain
from seatkeep_protocol.policy import ChainNode, NodeKind, Policy, PolicySetting, Rollout, policies_merge
from seatkeep_protocol.rollouts import EVERYONE, chain_on, is_reached, place_in_line, policy_on, reach_for
from seatkeep_protocol.settings_schema import product_schema

HOUR = "scan.schedule"
ROLLOUT = uuid.UUID(int=7).hex
OLD, NEW = {HOUR: PolicySetting("0 1 * * *")}, {HOUR: PolicySetting("0 2 * * *")}
DEVICES = [uuid.UUID(int=number).hex for number in range(1, 501)]
ids = st.uuids().map(lambda uid: uid.hex)


def policy(reach: int, rollout: str = ROLLOUT) -> Policy:
    newer = Rollout(rollout=rollout, reach=reach, version=2, settings=NEW)
    return Policy(policy=GROUP, name="p", product="endpoint", settings=OLD, version=1, rollout=newer)


def reached(reach: int) -> set[str]:
    return {device for device in DEVICES if is_reached(policy(reach), device)}


def test_known_place() -> None:
    """What an agent of any version has to compute: a change of this number is a change of the wire."""
    assert place_in_line("00" * 16, "11" * 16) == 366_844_778


@pytest.mark.parametrize(("percent", "count"), [(1, 5), (10, 50), (33, 165), (99, 495), (100, 500)])
def test_a_percentage_is_exactly_that_of_the_devices(percent: int, count: int) -> None:
    assert len(reached(reach_for(ROLLOUT, DEVICES, percent))) == count


@given(st.lists(ids, unique=True, min_size=1, max_size=30), ids, st.integers(1, 99))
def test_a_stage_is_never_empty_and_rounds_up(devices: list[str], rollout: str, percent: int) -> None:
    reach = reach_for(rollout, devices, percent)

    count = sum(place_in_line(rollout, device) < reach for device in devices)

    assert count == -(-len(devices) * percent // 100) >= 1


@given(ids, st.lists(ids, unique=True, max_size=30), st.integers(1, 100), st.integers(1, 100))
def test_a_later_stage_takes_nobody_out(rollout: str, devices: list[str], first: int, second: int) -> None:
    low, high = sorted((first, second))

    assert reach_for(rollout, devices, low) <= reach_for(rollout, devices, high)


@given(ids, ids)
def test_everyone_is_everyone_and_nobody_is_nobody(rollout: str, device: str) -> None:
    assert is_reached(policy(EVERYONE, rollout), device)
    assert not is_reached(policy(0, rollout), device)


def test_each_rollout_has_others_first() -> None:
    others = {device for device in DEVICES if place_in_line(uuid.UUID(int=8).hex, device) < EVERYONE // 10}

    assert others != reached(EVERYONE // 10)


def test_without_devices_the_next_one_gets_the_newer_version() -> None:
    assert reach_for(ROLLOUT, [], 10) == EVERYONE


def test_a_policy_without_rollout_stays_itself() -> None:
    plain = msgspec.structs.replace(policy(0), rollout=None)

    assert policy_on(plain, DEVICES[0]) is plain


@given(st.integers(0, EVERYONE), st.sampled_from(DEVICES))
def test_what_is_resolved_once_stays_resolved(reach: int, device: str) -> None:
    nodes = [ChainNode(kind=NodeKind.STATIC, node=GROUP, name="n", policies=(policy(reach),))]

    once = chain_on(nodes, device)

    assert chain_on(once, device) == once
    assert once[0].policies[0].rollout is None


@pytest.mark.parametrize(("reach", "hour", "version"), [(0, "0 1 * * *", 1), (EVERYONE, "0 2 * * *", 2)])
def test_the_agent_merges_the_version_that_counts_on_it(reach: int, hour: str, version: int) -> None:
    nodes = (ChainNode(kind=NodeKind.STATIC, node=GROUP, name="n", policies=(policy(reach),)),)
    group = msgspec.structs.replace(GROUP_DOCUMENT, nodes=nodes)
    device = msgspec.structs.replace(DEVICE_DOCUMENT, policies=())

    chain = document_chain(group, device, {})
    effective = policies_merge(chain, product="endpoint", schema=product_schema("endpoint"))[HOUR]

    assert effective.value == hour
    assert effective.origin is not None
    assert effective.origin.version == version


def test_an_agent_that_does_not_know_rollouts_obeys_the_version_in_force() -> None:
    class FormerPolicy(msgspec.Struct):
        policy: str
        name: str
        product: str
        settings: dict[str, PolicySetting]

    former = msgspec.msgpack.decode(msgspec.msgpack.encode(policy(EVERYONE)), type=FormerPolicy)

    assert former.settings == OLD
