"""The policy merge: the documented examples, and the algebra."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocol_cast import GROUP
from seatkeep_protocol.policy import (
    ChainNode,
    DynamicGroup,
    Flag,
    NodeKind,
    Policy,
    PolicySetting,
    StaticLevel,
    Verdict,
    chain_order,
    policies_explain,
    policies_merge,
    policy_values,
    settings_values,
)
from seatkeep_protocol.settings_schema import ListMode, product_schema

SCHEMA = product_schema("endpoint")
SCHEDULE, EXCLUSIONS, TARGETS = "scan.schedule", "scan.exclusions", "scan.targets"


def node(name: str, *policies: Policy, kind: NodeKind = NodeKind.STATIC) -> ChainNode:
    return ChainNode(kind=kind, node=GROUP, name=name, policies=policies)


def policy(name: str, product: str = "endpoint", **settings: Any) -> Policy:
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return Policy(policy=GROUP, name=name, product=product, settings=named)


def merged(*nodes: ChainNode, local: dict[str, Any] | None = None) -> dict[str, Any]:
    return settings_values(policies_merge(nodes, product="endpoint", schema=SCHEMA, local=local))


def at(hour: int, flag: Flag = Flag.APPLY) -> PolicySetting:
    return PolicySetting(f"0 {hour} * * *", flag)


def test_documented_order_of_groups() -> None:
    # PA10/admin_pol_ordering_groups: All, SG2, SG3, DG1, DG3, DG2, DG4 … device; DG3 below DG1, DG4 below SG3.
    names = {name: node(name) for name in ("All", "SG2", "SG3", "device")}
    dynamic = {name: node(name, kind=NodeKind.DYNAMIC) for name in ("DG1", "DG2", "DG3", "DG4")}
    path = [
        StaticLevel(names["All"]),
        StaticLevel(
            names["SG2"],
            (DynamicGroup(dynamic["DG1"], (DynamicGroup(dynamic["DG3"]),)), DynamicGroup(dynamic["DG2"])),
        ),
        StaticLevel(names["SG3"], (DynamicGroup(dynamic["DG4"]),)),
    ]

    order = [each.name for each in chain_order(path, names["device"])]

    assert order == ["All", "SG2", "SG3", "DG1", "DG3", "DG2", "DG4", "device"]


def test_documented_list_of_policies_keeps_duplicates() -> None:
    # PC/admin_pol_enumerating_policies: the same policy on two nodes stands in the list twice.
    shared = policy("shared", scan__exclusions=PolicySetting(["/a"]))

    assert merged(node("SG2", shared), node("DG1", shared))[EXCLUSIONS] == ["/a", "/a"]


def test_later_policy_wins() -> None:
    chain = node("All", policy("first", scan__schedule=at(1))), node("SG", policy("second", scan__schedule=at(2)))

    assert merged(*chain)[SCHEDULE] == "0 2 * * *"


def test_within_a_node_the_later_assignment_wins() -> None:
    assert merged(node("All", policy("a", scan__schedule=at(1)), policy("b", scan__schedule=at(2))))[SCHEDULE] == (
        "0 2 * * *"
    )


def test_first_force_wins_over_all_after_it() -> None:
    chain = (
        node("All", policy("weak", scan__schedule=at(1))),
        node("SG", policy("forced", scan__schedule=at(2, Flag.FORCE))),
        node("SG2", policy("late force", scan__schedule=at(3, Flag.FORCE))),
        node("device", policy("own", scan__schedule=at(4)), kind=NodeKind.DEVICE),
    )
    effective = policies_merge(chain, product="endpoint", schema=SCHEMA)[SCHEDULE]

    assert (effective.value, effective.is_forced) == ("0 2 * * *", True)
    assert effective.origin is not None
    assert (effective.origin.policy_name, effective.origin.node_name) == ("forced", "SG")


def test_not_apply_changes_nothing() -> None:
    chain = (
        node("All", policy("set", scan__schedule=at(1))),
        node("SG", policy("n", scan__schedule=at(2, Flag.NOT_APPLY))),
    )

    assert merged(*chain)[SCHEDULE] == "0 1 * * *"


def test_exclusions_append_and_targets_replace_by_default() -> None:
    first = policy("a", scan__exclusions=PolicySetting(["/a"]), scan__targets=PolicySetting(["/a"]))
    second = policy("b", scan__exclusions=PolicySetting(["/b"]), scan__targets=PolicySetting(["/b"]))

    values = merged(node("All", first, second))

    assert (values[EXCLUSIONS], values[TARGETS]) == (["/a", "/b"], ["/b"])


def test_list_mode_of_the_policy_wins_over_the_schemas() -> None:
    chain = node(
        "All",
        policy("a", scan__exclusions=PolicySetting(["/a"])),
        policy("b", scan__exclusions=PolicySetting(["/b"], mode=ListMode.PREPEND)),
    )
    replacing = policy("c", scan__exclusions=PolicySetting(["/c"], mode=ListMode.REPLACE))

    assert merged(chain)[EXCLUSIONS] == ["/b", "/a"]
    assert merged(chain, node("SG", replacing))[EXCLUSIONS] == ["/c"]


def test_origins_of_a_joined_list_name_everyone_in_order() -> None:
    chain = (
        node("All", policy("a", scan__exclusions=PolicySetting(["/a"]))),
        node("SG", policy("b", scan__exclusions=PolicySetting(["/b"]))),
    )
    effective = policies_merge(chain, product="endpoint", schema=SCHEMA)[EXCLUSIONS]

    assert [(origin.policy_name, origin.node_name) for origin in effective.origins] == [("a", "All"), ("b", "SG")]


def test_setting_that_no_policy_sets_any_more_falls_back_to_the_devices_own() -> None:
    own = {SCHEDULE: "0 5 * * *"}

    assert merged(node("All", policy("p", scan__schedule=at(1))), local=own)[SCHEDULE] == "0 1 * * *"
    assert merged(node("All"), local=own)[SCHEDULE] == "0 5 * * *"
    assert merged(node("All"))[SCHEDULE] is None


def test_policy_values_leave_out_what_no_policy_sets() -> None:
    effective = policies_merge([node("All", policy("p", scan__schedule=at(1)))], product="endpoint", schema=SCHEMA)

    assert policy_values(effective) == {SCHEDULE: "0 1 * * *"}


def test_policy_of_another_product_is_passed_over() -> None:
    assert merged(node("All", policy("p", product="agent", scan__schedule=at(1))))[SCHEDULE] is None


@pytest.mark.parametrize("settings", [{"from.the.future": PolicySetting(1)}, {SCHEDULE: PolicySetting(7, Flag.FORCE)}])
def test_unknown_setting_or_unfit_value_is_passed_over(settings: dict[str, PolicySetting]) -> None:
    odd = Policy(policy=GROUP, name="odd", product="endpoint", settings=settings)

    assert merged(node("All", odd, policy("p", scan__schedule=at(1)))) == {**SCHEMA.defaults(), SCHEDULE: "0 1 * * *"}


flags = st.sampled_from(Flag)
paths = st.lists(st.sampled_from(["/a", "/b", "/c"]), max_size=3)
settings = st.fixed_dictionaries(
    {},
    optional={
        SCHEDULE: st.builds(at, st.integers(0, 23), flags),
        EXCLUSIONS: st.builds(PolicySetting, paths, flags, st.none() | st.sampled_from(ListMode)),
        TARGETS: st.builds(PolicySetting, paths, flags, st.none() | st.sampled_from(ListMode)),
        "quarantine.on_detection": st.builds(PolicySetting, st.booleans(), flags),
    },
)
policies = st.builds(
    lambda name, product, chosen: Policy(policy=GROUP, name=name, product=product, settings=chosen),
    st.sampled_from("pqrs"),
    st.sampled_from(["endpoint", "agent"]),
    settings,
)
chains = st.lists(st.lists(policies, max_size=3).map(lambda chosen: node("n", *chosen)), max_size=4)


def by_the_book(nodes: list[ChainNode]) -> dict[str, Any]:
    """The pseudo-code of domain/management.md §4.7, line by line."""
    state: dict[str, Any] = {}
    forced: set[str] = set()
    for each in [policy for node in nodes for policy in node.policies if policy.product == "endpoint"]:
        for name, setting in each.settings.items():
            if name in forced or setting.flag is Flag.NOT_APPLY:
                continue
            mode = setting.mode or SCHEMA.setting(name).list_mode
            if mode is ListMode.REPLACE or not isinstance(setting.value, list):
                state[name] = setting.value
            elif mode is ListMode.APPEND:
                state[name] = state.get(name, []) + setting.value
            else:
                state[name] = setting.value + state.get(name, [])
            if setting.flag is Flag.FORCE:
                forced.add(name)
    return {**SCHEMA.defaults(), **state}


@given(chains)
def test_merge_is_the_algorithm_of_the_book(chain: list[ChainNode]) -> None:
    assert merged(*chain) == by_the_book(chain)


@given(chains)
def test_merging_twice_gives_the_same_and_changes_no_input(chain: list[ChainNode]) -> None:
    before = msgspec.msgpack.encode(chain)

    assert policies_merge(chain, product="endpoint", schema=SCHEMA) == policies_merge(
        chain, product="endpoint", schema=SCHEMA
    )
    assert msgspec.msgpack.encode(chain) == before


@given(chains, chains)
def test_nothing_after_a_force_changes_the_forced_setting(chain: list[ChainNode], rest: list[ChainNode]) -> None:
    forcing = node("force", policy("force", scan__schedule=at(7, Flag.FORCE)))
    first = policies_merge([*chain, forcing], product="endpoint", schema=SCHEMA)

    assert policies_merge([*chain, forcing, *rest], product="endpoint", schema=SCHEMA)[SCHEDULE] == first[SCHEDULE]


@given(chains)
def test_where_policies_hang_does_not_matter_only_their_order(chain: list[ChainNode]) -> None:
    flat = node("flat", *(policy for each in chain for policy in each.policies))

    assert merged(flat) == merged(*chain)


@given(chains)
def test_nodes_without_policies_do_not_matter(chain: list[ChainNode]) -> None:
    padded = [each for pair in ((node("empty"), each) for each in chain) for each in pair]

    assert merged(*padded) == merged(*chain)


@given(chains)
def test_every_value_without_origin_is_the_devices_own(chain: list[ChainNode]) -> None:
    effective = policies_merge(chain, product="endpoint", schema=SCHEMA)

    assert all(each.origins or each.value == SCHEMA.defaults()[name] for name, each in effective.items())


def collapsed(chain: list[ChainNode]) -> ChainNode:
    """A chain as one policy that says at once what the chain has said."""
    effective = policies_merge(chain, product="endpoint", schema=SCHEMA)
    said = {
        name: PolicySetting(one.value, Flag.FORCE if one.is_forced else Flag.APPLY, ListMode.REPLACE)
        for name, one in effective.items()
        if one.origins
    }
    return node("collapsed", Policy(policy=GROUP, name="collapsed", product="endpoint", settings=said))


@given(chains, chains)
def test_the_beginning_of_a_chain_may_be_merged_first(chain: list[ChainNode], rest: list[ChainNode]) -> None:
    assert merged(collapsed(chain), *rest) == merged(*chain, *rest)


@given(chains)
def test_the_voices_that_count_are_the_origins(chain: list[ChainNode]) -> None:
    effective = policies_merge(chain, product="endpoint", schema=SCHEMA)
    voices = policies_explain(chain, product="endpoint", schema=SCHEMA)

    counting = {
        name: tuple(one.origin for one in said if one.verdict is Verdict.COUNTS) for name, said in voices.items()
    }

    assert {name: origins for name, origins in counting.items() if origins} == {
        name: one.origins for name, one in effective.items() if one.origins
    }


@given(chains)
def test_everybody_who_spoke_is_heard_once(chain: list[ChainNode]) -> None:
    voices = policies_explain(chain, product="endpoint", schema=SCHEMA)
    spoken = [
        setting
        for each in chain
        for one in each.policies
        if one.product == "endpoint"
        for setting in one.settings.values()
        if setting.flag is not Flag.NOT_APPLY
    ]

    assert sum(len(said) for said in voices.values()) == len(spoken)


def test_a_voice_names_who_overruled_it() -> None:
    chain = (
        node("All", policy("weak", scan__schedule=at(1)), policy("odd", scan__schedule=PolicySetting("never"))),
        node("SG", policy("forced", scan__schedule=at(2, Flag.FORCE))),
        node("device", policy("late", scan__schedule=at(3)), kind=NodeKind.DEVICE),
    )

    said = policies_explain(chain, product="endpoint", schema=SCHEMA)[SCHEDULE]

    assert [(one.origin.policy_name, one.verdict, one.by.policy_name if one.by else None) for one in said] == [
        ("weak", Verdict.REPLACED, "forced"),
        ("odd", Verdict.UNFIT, None),
        ("forced", Verdict.COUNTS, None),
        ("late", Verdict.FORCED, "forced"),
    ]
