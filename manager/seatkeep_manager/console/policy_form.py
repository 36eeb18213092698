"""The policy editor: one form made from the product's JSON Schema, with a flag (and a list mode) for each setting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.settings_schema import SettingSchema, product_schema

from seatkeep_manager.console.forms import lines_of
from seatkeep_manager.console.words import CHOICES

FLAGS = [("NOT_APPLY", _("Leave")), ("APPLY", _("Set")), ("FORCE", _("Force"))]
MODES = [("APPEND", _("Add after")), ("PREPEND", _("Add before")), ("REPLACE", _("Replace"))]


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
        return forms.ChoiceField(choices=[(word, CHOICES.get(word, word)) for word in setting.enum], **common)
    return forms.CharField(max_length=setting.max_length, **common)


class PolicyForm(forms.Form):
    """Name and settings of a policy.

    Args:
        product: Whose schema makes the fields.
        stored: Settings as the policy keeps them.
    """

    name = forms.CharField(label=_("Name"), max_length=200)

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
        select = forms.Select(attrs={"class": "form-select"})
        self.fields[f"{key}--flag"] = forms.ChoiceField(
            widget=select, choices=FLAGS, initial=kept.get("flag", "APPLY") if kept else "NOT_APPLY", label=_("Flag")
        )
        if "array" in setting.types:
            initial = (kept or {}).get("mode") or setting.list_mode
            self.fields[f"{key}--mode"] = forms.ChoiceField(
                widget=forms.Select(attrs={"class": "form-select"}),
                choices=MODES,
                initial=str(initial),
                label=_("List"),
            )

    def rows(self) -> list[dict[str, Any]]:
        """What the template shows: each setting with its fields, and whether it is set."""
        rows = []
        for name, setting in self.schema.properties.items():
            key = field_key(name)
            mode = self[f"{key}--mode"] if f"{key}--mode" in self.fields else None
            flag = self[f"{key}--flag"]
            rows.append({
                "name": name, "setting": setting, "value": self[key], "flag": flag, "mode": mode,
                "is_set": flag.value() != "NOT_APPLY", "shown": self._words(key),
            })  # fmt: skip
        return rows

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

    def take_faults(self, faults: dict[str, list[str]]) -> None:
        """Show what the service found wrong, at the setting that is to blame."""
        for name, texts in faults.items():
            for text in texts:
                self.add_error(field_key(name) if field_key(name) in self.fields else None, text)


def _shown(setting: SettingSchema, value: Any) -> Any:
    """A setting's value as its field shows it."""
    if "array" in setting.types:
        return "\n".join(value or [])
    if "boolean" in setting.types:
        return "true" if value else "false"
    return value


def _meant(setting: SettingSchema, value: Any) -> Any:
    """What a person meant by a field's value."""
    if "array" in setting.types:
        return lines_of(value)
    if value == "" and "null" in setting.types:
        return None
    return value
