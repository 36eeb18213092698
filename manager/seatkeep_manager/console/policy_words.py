"""Policies in words: values, differences between versions, what became of what a policy said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from seatkeep_protocol.policy import Verdict, Voice
from seatkeep_protocol.settings_schema import ListMode, ProductSchema, SettingSchema

from seatkeep_manager.console.words import CHOICES
from seatkeep_manager.policies.changes import Change, ChangeKind, settings_changes

WORDS = {
    "OFF": gettext_lazy("Off"), "AUDIT": gettext_lazy("Report only"), "ENFORCE": gettext_lazy("Enforce"),
    "DISABLED": gettext_lazy("Off"), "ENABLED": gettext_lazy("On"), "BASIC": gettext_lazy("Basic"),
    "ADVANCED": gettext_lazy("Advanced"), "DEFAULT": gettext_lazy("Default"), "MODERATE": gettext_lazy("Moderate"),
    "HIGH": gettext_lazy("High"), "HIGH_PLUS": gettext_lazy("Very high"),
    "ZERO_TOLERANCE": gettext_lazy("Block all unknown"), "ALWAYS_PROMPT": gettext_lazy("Always ask"),
    "SEND_SAFE": gettext_lazy("Safe ones"), "SEND_ALL": gettext_lazy("All"), "NEVER": gettext_lazy("Never"),
    "QUICK": gettext_lazy("Quick"), "FULL": gettext_lazy("Full"), "EVERY_DAY": gettext_lazy("Every day"),
    "SUNDAY": gettext_lazy("Sunday"), "MONDAY": gettext_lazy("Monday"), "TUESDAY": gettext_lazy("Tuesday"),
    "WEDNESDAY": gettext_lazy("Wednesday"), "THURSDAY": gettext_lazy("Thursday"), "FRIDAY": gettext_lazy("Friday"),
    "SATURDAY": gettext_lazy("Saturday"),
}  # fmt: skip
FORCED = gettext_lazy("Forced")


def choice_words(code: str) -> str:
    """A choice of a setting as people read it; one that nobody has named is shown as it is."""
    return str(WORDS.get(code) or CHOICES.get(code, code))


def value_words(value: Any, setting: SettingSchema | None) -> str:
    """A value in one line: On, 5 minutes, three entries."""
    if value is None or value == "" or value == []:
        return _("none")
    if isinstance(value, bool):
        return _("On") if value else _("Off")
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    if isinstance(value, int):
        return number_words(value, setting.unit if setting else None)
    is_choice = setting is not None and setting.enum is not None
    return choice_words(value) if is_choice else str(value)


def number_words(value: int, unit: str | None) -> str:
    """A number with its unit; seconds as the largest unit that divides them."""
    if unit == "seconds":
        return _seconds(value)
    if unit == "hours":
        return ngettext("%(n)d hour", "%(n)d hours", value) % {"n": value}
    if unit == "days":
        return ngettext("%(n)d day", "%(n)d days", value) % {"n": value}
    return f"{value} {unit}" if unit else str(value)


def _seconds(value: int) -> str:
    if value and value % 86_400 == 0:
        return number_words(value // 86_400, "days")
    if value and value % 3_600 == 0:
        return number_words(value // 3_600, "hours")
    if value and value % 60 == 0:
        return ngettext("%(n)d minute", "%(n)d minutes", value // 60) % {"n": value // 60}
    return ngettext("%(n)d second", "%(n)d seconds", value) % {"n": value}


@dataclass(frozen=True)
class ChangeWords:
    """One difference: the setting's title, and sentences about it."""

    name: str
    title: str
    lines: tuple[str, ...]


def changes_words(before: dict[str, Any], after: dict[str, Any], schema: ProductSchema) -> list[ChangeWords]:
    """What differs between two versions, setting by setting, in words."""
    changes = settings_changes(before, after, schema=schema)
    return [ChangeWords(one.name, one.title, tuple(_lines(one, schema.properties.get(one.name)))) for one in changes]


def _lines(change: Change, setting: SettingSchema | None) -> Iterable[str]:
    if change.before is None or change.after is None:
        said = change.after or change.before or {}
        text = _("now set: %(value)s") if change.kind is ChangeKind.ADDED else _("no longer set; it was %(value)s")
        yield text % {"value": value_words(said.get("value"), setting)}
        if said.get("flag") == "FORCE" and change.kind is ChangeKind.ADDED:
            yield _("forced")
        return
    yield from _value_lines(change, change.before, change.after, setting)
    if change.before.get("flag", "APPLY") != change.after.get("flag", "APPLY"):
        yield _("now forced") if change.after.get("flag") == "FORCE" else _("no longer forced")
    if change.before.get("mode") != change.after.get("mode"):
        yield mode_words(change.after.get("mode"), setting)


def _value_lines(
    change: Change, before: dict[str, Any], after: dict[str, Any], setting: SettingSchema | None
) -> Iterable[str]:
    if change.added:
        yield _("added: %(entries)s") % {"entries": ", ".join(change.added)}
    if change.removed:
        yield _("removed: %(entries)s") % {"entries": ", ".join(change.removed)}
    if change.added or change.removed or before["value"] == after["value"]:
        return
    if isinstance(after["value"], list):
        yield _("in another order")
        return
    words = {"before": value_words(before["value"], setting), "after": value_words(after["value"], setting)}
    yield _("%(before)s → %(after)s") % words


def mode_words(mode: str | None, setting: SettingSchema | None) -> str:
    """How a list meets the one before it."""
    chosen = mode or (setting.list_mode.value if setting else ListMode.REPLACE.value)
    if chosen == ListMode.APPEND:
        return _("added after what policies before it say")
    if chosen == ListMode.PREPEND:
        return _("added before what policies before it say")
    return _("instead of what policies before it say")


def voice_words(voice: Voice, setting: SettingSchema) -> str:
    """What became of what a policy said."""
    if voice.verdict is Verdict.UNFIT:
        return _("not understood by this version of the product")
    if voice.by is not None:
        names = {"policy": voice.by.policy_name, "place": voice.by.node_name}
        if voice.verdict is Verdict.FORCED:
            return _("overruled: %(policy)s on %(place)s forces it") % names
        return _("overruled by %(policy)s on %(place)s, which comes later") % names
    if voice.setting.flag == "FORCE":
        return _("forces it; nothing below can change it")
    mode = voice.setting.mode or setting.list_mode
    if setting.is_list and mode is not ListMode.REPLACE:
        return _("adds to the list")
    return _("sets it")
