"""The policy merge: one pure implementation for the agent, which obeys it, and the manager, which previews it.

Source:
    domain/management.md §4.7, rules 1–6 of policy ordering and the merge of flags and lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from seatkeep_protocol.settings_schema import ListMode, ProductSchema


class Flag(StrEnum):
    """How strongly a policy sets a setting."""

    NOT_APPLY = "NOT_APPLY"
    APPLY = "APPLY"
    FORCE = "FORCE"


class NodeKind(StrEnum):
    """What carries policies in a device's chain."""

    STATIC = "STATIC"
    DYNAMIC = "DYNAMIC"
    DEVICE = "DEVICE"


class PolicySetting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a policy says about one setting; `mode` None means the schema's own list mode."""

    value: Any
    flag: Flag = Flag.APPLY
    mode: ListMode | None = None


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """A newer version of a policy that some devices obey already (see `rollouts`).

    Attributes:
        rollout: Uid of the roll-out, 32 hex digits; it decides which devices come first.
        reach: Devices whose place in the line is below it obey `settings`; 0 is nobody, `rollouts.EVERYONE` all.
        version: The newer version's number.
        settings: What the newer version says.
    """

    rollout: str
    reach: int
    version: int
    settings: dict[str, PolicySetting]


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy as it stands in a document.

    Attributes:
        policy: Policy uid, 32 hex digits.
        product: `endpoint` or `agent`.
        version: The number of the version that `settings` are of; 0 where nobody said it.
        rollout: A newer version on its way. An agent that does not know the field obeys `settings` until all do.
    """

    policy: str
    name: str
    product: str
    settings: dict[str, PolicySetting]
    version: int = 0
    rollout: Rollout | None = None


class ChainNode(msgspec.Struct, frozen=True, kw_only=True):
    """One node of a device's chain with its policies in assignment order.

    Attributes:
        node: Group or device uid, 32 hex digits.
    """

    kind: NodeKind
    node: str
    name: str
    policies: tuple[Policy, ...] = ()


class DynamicGroup(msgspec.Struct, frozen=True):
    """A dynamic group and the dynamic groups below it, for ordering; only those that the device belongs to."""

    node: ChainNode
    children: tuple[DynamicGroup, ...] = ()


class StaticLevel(msgspec.Struct, frozen=True):
    """A static group on the device's path and its own dynamic groups, in list order."""

    node: ChainNode
    dynamic: tuple[DynamicGroup, ...] = ()


class Origin(msgspec.Struct, frozen=True):
    """Where a value, or a part of it, comes from."""

    policy: str
    policy_name: str
    node: str
    node_name: str
    node_kind: NodeKind
    version: int = 0


class Verdict(StrEnum):
    """What became of what a policy said about a setting."""

    COUNTS = "COUNTS"
    REPLACED = "REPLACED"
    FORCED = "FORCED"
    UNFIT = "UNFIT"


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy said about one setting, and what became of it.

    Attributes:
        by: Who overruled it: the later one that replaced it, or the earlier one that forced the setting; None when it
            counts, or when this version of the product does not understand it (UNFIT).
    """

    origin: Origin
    setting: PolicySetting
    verdict: Verdict
    by: Origin | None = None


class EffectiveSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What counts on the device.

    Attributes:
        origins: Who made the value, in merge order: one for a replaced value, several for a joined list, none for the
            device's own value.
        is_forced: A FORCE ended the merge of this setting.
    """

    value: Any
    origins: tuple[Origin, ...] = ()
    is_forced: bool = False

    @property
    def origin(self) -> Origin | None:
        """The last who touched the value; None for the device's own value."""
        return self.origins[-1] if self.origins else None


def chain_order(path: Sequence[StaticLevel], device: ChainNode) -> list[ChainNode]:
    """Return the nodes in the order in which their policies merge.

    Level by level: the static group of the level, then the dynamic groups below the static group of the level before,
    each depth-first; after the last static group its own dynamic groups; the device last.

    Args:
        path: The static groups from All down to the device's group.
        device: The device itself.
    """
    order = []
    waiting: tuple[DynamicGroup, ...] = ()
    for level in path:
        order.append(level.node)
        order.extend(_depth_first(waiting))
        waiting = level.dynamic
    return [*order, *_depth_first(waiting), device]


def policies_merge(
    nodes: Iterable[ChainNode],
    *,
    product: str,
    schema: ProductSchema,
    local: Mapping[str, Any] | None = None,
) -> dict[str, EffectiveSetting]:
    """Merge the policies of a chain over a device's own settings.

    Later policies win, until one forces a setting: from then on nothing changes it. A list joins the value that the
    policies before have made, never the device's own list. A setting that the schema does not know, or a value that
    does not fit it, is passed over, so that an older device lives with a newer policy.

    Args:
        nodes: The chain in merge order (see `chain_order`); the same policy may come more than once.
        product: Policies of other products are passed over.
        schema: The product's settings.
        local: The device's own values; the schema's defaults where it has none.

    Returns:
        Every setting of the schema, so that a setting which no policy sets any more falls back by itself.
    """
    state: dict[str, EffectiveSetting] = {}
    for name, setting, origin in _assignments(nodes, product):
        before = state.get(name)
        if _is_passed_over(name, setting, before, schema):
            continue
        state[name] = _joined(before, setting, origin, schema.setting(name).list_mode)
    own = {**schema.defaults(), **{name: value for name, value in (local or {}).items() if name in schema.properties}}
    return {name: state.get(name, EffectiveSetting(value=value)) for name, value in own.items()}


def policies_explain(
    nodes: Iterable[ChainNode], *, product: str, schema: ProductSchema
) -> dict[str, tuple[Voice, ...]]:
    """Tell for each setting who spoke, in merge order, and why each counts or not.

    The voices that count are the origins of `policies_merge`. NOT_APPLY says nothing and is left out.
    """
    voices: dict[str, list[Voice]] = {}
    for name, setting, origin in _assignments(nodes, product):
        if setting.flag is Flag.NOT_APPLY:
            continue
        said = voices.setdefault(name, [])
        forced = next((one.origin for one in said if _is_forcing(one)), None)
        if not schema.accepts(name, setting.value):
            said.append(Voice(origin=origin, setting=setting, verdict=Verdict.UNFIT))
        elif forced is not None:
            said.append(Voice(origin=origin, setting=setting, verdict=Verdict.FORCED, by=forced))
        else:
            if not _is_joining(setting, schema.setting(name).list_mode):
                said[:] = [_replaced(one, origin) for one in said]
            said.append(Voice(origin=origin, setting=setting, verdict=Verdict.COUNTS))
    return {name: tuple(said) for name, said in voices.items()}


def _is_forcing(voice: Voice) -> bool:
    return voice.verdict is Verdict.COUNTS and voice.setting.flag is Flag.FORCE


def _replaced(voice: Voice, by: Origin) -> Voice:
    if voice.verdict is not Verdict.COUNTS:
        return voice
    return msgspec.structs.replace(voice, verdict=Verdict.REPLACED, by=by)


def settings_values(effective: Mapping[str, EffectiveSetting]) -> dict[str, Any]:
    """Return every value in force."""
    return {name: setting.value for name, setting in effective.items()}


def policy_values(effective: Mapping[str, EffectiveSetting]) -> dict[str, Any]:
    """Return only what policies set: what the agent hands to a product that keeps its own values itself."""
    return {name: setting.value for name, setting in effective.items() if setting.origins}


def _assignments(nodes: Iterable[ChainNode], product: str) -> Iterator[tuple[str, PolicySetting, Origin]]:
    for node in nodes:
        for policy in node.policies:
            if policy.product == product:
                origin = Origin(policy.policy, policy.name, node.node, node.name, node.kind, policy.version)
                yield from ((name, setting, origin) for name, setting in policy.settings.items())


def _is_passed_over(name: str, setting: PolicySetting, before: EffectiveSetting | None, schema: ProductSchema) -> bool:
    if setting.flag is Flag.NOT_APPLY or (before is not None and before.is_forced):
        return True
    return not schema.accepts(name, setting.value)


def _joined(
    before: EffectiveSetting | None, setting: PolicySetting, origin: Origin, default_mode: ListMode
) -> EffectiveSetting:
    is_forced = setting.flag is Flag.FORCE
    if before is None or not isinstance(before.value, list) or not _is_joining(setting, default_mode):
        return EffectiveSetting(value=setting.value, origins=(origin,), is_forced=is_forced)
    is_after = (setting.mode or default_mode) is ListMode.APPEND
    value = before.value + setting.value if is_after else setting.value + before.value
    return EffectiveSetting(value=value, origins=(*before.origins, origin), is_forced=is_forced)


def _is_joining(setting: PolicySetting, default_mode: ListMode) -> bool:
    return (setting.mode or default_mode) is not ListMode.REPLACE and isinstance(setting.value, list)


def _depth_first(groups: Iterable[DynamicGroup]) -> Iterator[ChainNode]:
    for group in groups:
        yield group.node
        yield from _depth_first(group.children)
