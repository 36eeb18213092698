"""The policy editor: one form made from the product's JSON Schema, with a flag (and a list mode) for each setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.settings_schema import SettingSchema, product_schema

from seatkeep_manager.console.forms import lines_of
from seatkeep_manager.console.policy_words import choice_words, value_words
from seatkeep_manager.policies.rollout_rules import FAILED_PERCENT, HOLD, STAGES, Plan

FLAGS = [("NOT_APPLY", _("Leave")), ("APPLY", _("Set")), ("FORCE", _("Force"))]
MODES = [("APPEND", _("Add after")), ("PREPEND", _("Add before")), ("REPLACE", _("Replace"))]


@dataclass(frozen=True)
class FormRow:
    """One setting as the template shows it."""

    name: str
    setting: SettingSchema
    value: forms.BoundField
    flag: forms.BoundField
    mode: forms.BoundField | None
    is_set: bool
    shown: str
    default: str
    bounds: str


@dataclass(frozen=True)
class FormSection:
    """The settings under one heading, and how many of them the policy sets."""

    key: str
    title: str
    rows: tuple[FormRow, ...]
    set_count: int


def field_key(name: str) -> str:
    """The setting's name as a form field: dots would read badly in HTML ids."""
    return name.replace(".", "__")


def field_for(setting: SettingSchema) -> forms.Field:
    """The form field of one setting, in the look of the site."""
    field = _plain_field(setting)
    is_choice = isinstance(field.widget, forms.Select)
    field.widget.attrs["class"] = "form-select" if is_choice else "form-control"
    return field


def _plain_field(setting: SettingSchema) -> forms.Field:
    types = setting.types
    common: dict[str, Any] = {"label": setting.title, "help_text": setting.description, "required": False}
    if "boolean" in types:
        return forms.TypedChoiceField(
            choices=[("true", _("On")), ("false", _("Off"))], coerce=lambda text: text == "true", **common
        )
    if "integer" in types:
        return forms.IntegerField(min_value=setting.minimum, max_value=setting.maximum, **common)
    if "array" in types:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}), **common)
    if setting.enum:
        return forms.ChoiceField(choices=[(word, choice_words(word)) for word in setting.enum], **common)
    return forms.CharField(max_length=setting.max_length, **common)


class PolicyForm(forms.Form):
    """Name, purpose and settings of a policy, and how the change reaches computers.

    Args:
        product: Whose schema makes the fields.
        stored: Settings as the policy keeps them.
    """

    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(label=_("What it is for"), max_length=2000, required=False)
    note = forms.CharField(label=_("Why this change"), max_length=500, required=False)
    how = forms.ChoiceField(
        choices=[("now", _("To all at once")), ("stages", _("In stages"))], required=False, initial="now"
    )
    stages = forms.CharField(max_length=60, required=False, initial=", ".join(str(one) for one in STAGES))
    hold_minutes = forms.IntegerField(
        min_value=0, max_value=20_160, required=False, initial=int(HOLD.total_seconds() // 60)
    )
    failed_percent = forms.IntegerField(min_value=0, max_value=100, required=False, initial=FAILED_PERCENT)

    def __init__(self, *args: Any, product: str, stored: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schema = product_schema(product)
        for name, setting in self.schema.properties.items():
            self._add(name, setting, (stored or {}).get(name))

    def _add(self, name: str, setting: SettingSchema, kept: dict[str, Any] | None) -> None:
        key = field_key(name)
        field = field_for(setting)
        field.initial = _shown(setting, kept["value"] if kept else setting.default)
        self.fields[key] = field
        self.fields[f"{key}--flag"] = _select(
            FLAGS, kept.get("flag", "APPLY") if kept else "NOT_APPLY", _("Flag"), "policy-flag"
        )
        if setting.is_list:
            self.fields[f"{key}--mode"] = _select(
                MODES, str((kept or {}).get("mode") or setting.list_mode), _("List"), "policy-mode"
            )

    def sections(self) -> list[FormSection]:
        """What the template shows: the settings under their headings."""
        found = []
        for number, (title, names) in enumerate(self.schema.sections().items(), start=1):
            rows = tuple(self._row(name) for name in names)
            found.append(FormSection(f"section-{number}", title, rows, sum(row.is_set for row in rows)))
        return found

    def _row(self, name: str) -> FormRow:
        setting, key = self.schema.properties[name], field_key(name)
        flag = self[f"{key}--flag"]
        return FormRow(
            name=name,
            setting=setting,
            value=self[key],
            flag=flag,
            mode=self[f"{key}--mode"] if f"{key}--mode" in self.fields else None,
            is_set=flag.value() != "NOT_APPLY",
            shown=self._words(key),
            default=value_words(setting.default, setting),
            bounds=_bounds(setting),
        )

    def _words(self, key: str) -> Any:
        """A value as people read it: the words of a choice, else the value itself."""
        widget, value = self.fields[key].widget, self[key].value()
        return dict(widget.choices).get(value, value) if isinstance(widget, forms.Select) else value

    def settings(self) -> dict[str, Any]:
        """The settings in the form that services take; only what is set."""
        found: dict[str, Any] = {}
        for name, setting in self.schema.properties.items():
            key = field_key(name)
            flag = self.cleaned_data[f"{key}--flag"]
            if flag == "NOT_APPLY":
                continue
            found[name] = {"flag": flag, "value": _meant(setting, self.cleaned_data[key])}
            if mode := self.cleaned_data.get(f"{key}--mode"):
                found[name]["mode"] = mode
        return found

    def clean_stages(self) -> tuple[int, ...]:
        """The percentages of the stages."""
        texts = [part.strip().rstrip("%").strip() for part in self.cleaned_data["stages"].split(",") if part.strip()]
        if not all(text.isascii() and text.isdigit() and len(text) <= 3 for text in texts):
            raise forms.ValidationError(_("Percentages with commas between them, such as 10, 50, 100."))
        return tuple(int(text) for text in texts)

    @property
    def is_staged(self) -> bool:
        """Whether the change goes out in stages."""
        return self.cleaned_data.get("how") == "stages"

    def plan(self) -> Plan:
        """How the stages go.

        Raises:
            RolloutPlanError: The stages do not rise to 100.
        """
        hold, failed = self.cleaned_data.get("hold_minutes"), self.cleaned_data.get("failed_percent")
        return Plan(
            self.cleaned_data["stages"] or STAGES,
            HOLD if hold is None else timedelta(minutes=hold),
            FAILED_PERCENT if failed is None else failed,
        )

    def take_faults(self, faults: dict[str, list[str]]) -> None:
        """Show what the service found wrong, at the setting that is to blame."""
        for name, texts in faults.items():
            for text in texts:
                self.add_error(field_key(name) if field_key(name) in self.fields else None, text)


def _select(choices: list[Any], initial: str, label: Any, css: str) -> forms.ChoiceField:
    widget = forms.Select(attrs={"class": f"form-select {css}"})
    return forms.ChoiceField(widget=widget, choices=choices, initial=initial, label=label)


def _bounds(setting: SettingSchema) -> str:
    """What fits, where numbers say it."""
    if setting.minimum is None or setting.maximum is None:
        return ""
    return f"{setting.minimum}–{setting.maximum} {setting.unit or ''}".strip()


def _shown(setting: SettingSchema, value: Any) -> Any:
    """A setting's value as its field shows it."""
    if setting.is_list:
        return "\n".join(value or [])
    if "boolean" in setting.types:
        return "true" if value else "false"
    return value


def _meant(setting: SettingSchema, value: Any) -> Any:
    """What a person meant by a field's value."""
    if setting.is_list:
        return lines_of(value)
    if value == "" and setting.is_nullable:
        return None
    return value
