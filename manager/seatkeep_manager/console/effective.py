"""Why each setting of a computer is what it is: every policy on the way down that spoke, and which of them counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from seatkeep_protocol.policy import ChainNode, EffectiveSetting, Flag, Policy, PolicySetting
from seatkeep_protocol.settings_schema import ListMode, SettingSchema, product_schema

from seatkeep_manager.console.words import CHOICES
from seatkeep_manager.directory.models import Device
from seatkeep_manager.policies.selectors import device_chain, effective_policy


@dataclass(frozen=True)
class Voice:
    """What one policy said about one setting.

    Attributes:
        policy: Its name.
        place: The group or computer that it is assigned to.
        words: What it did.
        counts: Whether it is part of the value.
    """

    policy: str
    place: str
    words: str
    counts: bool
    value: Any


@dataclass(frozen=True)
class Row:
    """One setting with its value and the reason."""

    name: str
    title: str
    value: Any
    unit: str
    is_list: bool
    is_forced: bool
    voices: tuple[Voice, ...]


@dataclass(frozen=True)
class ProductRows:
    """The settings of one product: those that policies set, and the rest."""

    title: str
    decided: tuple[Row, ...]
    own: tuple[Row, ...]


def product_rows(device: Device, product: str) -> ProductRows:
    """Every setting of a product on a computer that the caller may see."""
    schema = product_schema(product)
    effective, chain = effective_policy(device, product=product), device_chain(device)
    rows = [_row(name, one, effective.get(name), chain, product) for name, one in schema.properties.items()]
    decided = tuple(row for row in rows if row.voices)
    return ProductRows(schema.title, decided, tuple(row for row in rows if not row.voices))


def _row(
    name: str, setting: SettingSchema, chosen: EffectiveSetting | None, chain: Sequence[ChainNode], product: str
) -> Row:
    value = chosen.value if chosen else setting.default
    return Row(
        name=name,
        title=setting.title,
        value=CHOICES.get(value, value) if isinstance(value, str) else value,
        unit=setting.unit or "",
        is_list=isinstance(value, list),
        is_forced=bool(chosen and chosen.is_forced),
        voices=tuple(_voices(name, setting, chosen, chain, product)),
    )


def _voices(
    name: str, setting: SettingSchema, chosen: EffectiveSetting | None, chain: Sequence[ChainNode], product: str
) -> Iterator[Voice]:
    origins = {(one.policy, one.node) for one in chosen.origins} if chosen else set()
    for node, policy in _policies(chain, product):
        said = policy.settings.get(name)
        if said is None or said.flag is Flag.NOT_APPLY:
            continue
        counts = (policy.policy, node.node) in origins
        yield Voice(policy.name, node.name, _words(setting, said, counts=counts), counts, said.value)


def _policies(chain: Sequence[ChainNode], product: str) -> Iterator[tuple[ChainNode, Policy]]:
    for node in chain:
        for policy in node.policies:
            if policy.product == product:
                yield node, policy


def _words(setting: SettingSchema, said: PolicySetting, *, counts: bool) -> str:
    if not counts:
        return _("overruled")
    if said.flag is Flag.FORCE:
        return _("forces it; nothing below can change it")
    mode = said.mode or setting.list_mode
    if setting.is_list and mode is not ListMode.REPLACE:
        return _("adds to the list")
    return _("sets it")
