"""Why each setting of a computer is what it is: every policy on the way down that spoke, and which of them counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from seatkeep_protocol.policy import EffectiveSetting, Verdict, Voice
from seatkeep_protocol.settings_schema import SettingSchema, product_schema

from seatkeep_manager.console.policy_words import choice_words, number_words, value_words, voice_words
from seatkeep_manager.directory.models import Device
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.preview import device_views


@dataclass(frozen=True)
class Said:
    """What one policy said about one setting.

    Attributes:
        uid: The policy.
        policy: Its name.
        version: Its version; 0 where it is not known.
        place: The group or computer that it is assigned to.
        value: What it said, in words, where that is not what counts.
        words: What became of it.
        counts: Whether it is part of the value.
    """

    uid: UUID
    policy: str
    version: int
    place: str
    value: str
    words: str
    counts: bool


@dataclass(frozen=True)
class Row:
    """One setting with its value and the reason; `former` is the value before a preview, if it differs."""

    name: str
    title: str
    value: Any
    is_list: bool
    is_forced: bool
    voices: tuple[Said, ...]
    former: str = ""
    is_different: bool = False


@dataclass(frozen=True)
class ProductRows:
    """The settings of one product: those that policies set, and the rest."""

    title: str
    decided: tuple[Row, ...]
    own: tuple[Row, ...]


def product_rows(device: Device, product: str) -> ProductRows:
    """Every setting of a product on a computer that the caller may see."""
    schema, views = product_schema(product), device_views(device, product=product)
    rows = [
        _row(name, one, views.effective[name], views.voices.get(name, ())) for name, one in schema.properties.items()
    ]
    decided = tuple(row for row in rows if row.voices)
    return ProductRows(schema.title, decided, tuple(row for row in rows if not row.voices))


def preview_rows(device: Device, policy: Policy, version: int | None) -> list[Row]:
    """What a policy would make of a computer: each setting that it speaks of or changes, with the value before."""
    schema = product_schema(policy.product)
    now = device_views(device, product=policy.product)
    then = device_views(device, product=policy.product, trying=policy, version=version)
    rows = [
        _row(name, one, then.effective[name], then.voices.get(name, ()), before=now.effective[name].value)
        for name, one in schema.properties.items()
    ]
    return [row for row in rows if row.is_different or any(said.uid == policy.uid for said in row.voices)]


_SAME = object()


def _row(
    name: str, setting: SettingSchema, chosen: EffectiveSetting, voices: tuple[Voice, ...], before: Any = _SAME
) -> Row:
    value = chosen.value
    is_different = before is not _SAME and before != value
    return Row(
        name=name,
        title=setting.title,
        value=value_shown(value, setting),
        is_list=isinstance(value, list),
        is_forced=chosen.is_forced,
        voices=tuple(_said(voice, setting) for voice in voices),
        former=value_words(before, setting) if is_different else "",
        is_different=is_different,
    )


def value_shown(value: Any, setting: SettingSchema) -> Any:
    """A value as the page shows it: the words of a choice, a number with its unit, else the value itself."""
    if isinstance(value, str):
        return choice_words(value) if setting.enum else value
    if isinstance(value, int) and not isinstance(value, bool):
        return number_words(value, setting.unit)
    return value


def _said(voice: Voice, setting: SettingSchema) -> Said:
    counts = voice.verdict is Verdict.COUNTS
    return Said(
        uid=UUID(voice.origin.policy),
        policy=voice.origin.policy_name,
        version=voice.origin.version,
        place=voice.origin.node_name,
        value="" if counts else value_words(voice.setting.value, setting),
        words=voice_words(voice, setting),
        counts=counts,
    )
