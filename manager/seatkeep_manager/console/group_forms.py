"""Forms of groups: the place, the template, and the rows of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.device_status import SYMBOLS, Symbol, ValueType
from seatkeep_protocol.membership import Operator

from seatkeep_manager.console.group_places import GroupField
from seatkeep_manager.console.group_words import operator_choices, symbol_choices, value_choices
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.grouping.enums import Operation
from seatkeep_manager.grouping.models import GroupTemplate

BLANK_ROWS = 2
"""How many empty rows a new template shows, for browsers without scripts too."""

if TYPE_CHECKING:
    _TemplateChoice = forms.ModelChoiceField[GroupTemplate]
else:
    _TemplateChoice = forms.ModelChoiceField


class NameForm(forms.Form):
    """A name, and nothing else."""

    name = forms.CharField(label=_("Name"), max_length=200)


class MoveForm(forms.Form):
    """Where a group goes."""

    parent = GroupField(label=_("Under"), queryset=StaticGroup.objects.none(), empty_label=None)

    def __init__(self, *args: Any, groups: QuerySet[StaticGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = groups  # type: ignore[attr-defined]  # a GroupField


class DynamicGroupForm(forms.Form):
    """A dynamic group: its name and what its computers must be."""

    name = forms.CharField(label=_("Name"), max_length=200)
    template = _TemplateChoice(label=_("Template"), queryset=GroupTemplate.objects.none(), empty_label=None)

    def __init__(self, *args: Any, templates: QuerySet[GroupTemplate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates  # type: ignore[attr-defined]  # a ModelChoiceField


@dataclass(frozen=True)
class RuleRow:
    """One row of the editor, as it was sent or stored.

    Attributes:
        operator: With a leading `!` when it is negated.
        value: As it is written; several values are separated by commas.
    """

    symbol: str = ""
    operator: str = ""
    value: str = ""

    @property
    def known(self) -> Symbol | None:
        """What is asked about; None in an empty row."""
        return SYMBOLS.get(self.symbol)

    @property
    def symbols(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What can be asked about."""
        return symbol_choices()

    @property
    def operators(self) -> list[tuple[str, str]]:
        """How."""
        return operator_choices(self.known) if self.known else []

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the value can be, where that is a list to choose one from."""
        return value_choices(self.known) if self.known and not self.is_list else []

    @property
    def choice_hint(self) -> str:
        """What several values can be, where that is a list."""
        return ", ".join(value for value, _ in value_choices(self.known)) if self.known and self.is_list else ""

    @property
    def is_list(self) -> bool:
        """Whether several values are asked for."""
        return self.operator.removeprefix("!") == Operator.IN

    def rule(self) -> dict[str, Any]:
        """The rule as the service takes it, right or wrong: the service judges."""
        texts = [part.strip() for part in self.value.split(",")] if self.is_list else [self.value.strip()]
        values = [_value(self.known, text) for text in texts if text or not self.is_list]
        found: dict[str, Any] = {
            "symbol": self.symbol, "operator": self.operator.removeprefix("!"),
            "value": values if self.is_list else values[0],
        }  # fmt: skip
        return {**found, "is_negated": True} if self.operator.startswith("!") else found


def _value(symbol: Symbol | None, text: str) -> str | int | bool:
    if symbol and symbol.type is ValueType.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if symbol and symbol.type is ValueType.NUMBER:
        try:
            return int(text)
        except ValueError:
            return text
    return text


def rows_sent(data: QueryDict) -> list[RuleRow]:
    """The rows of a sent form; those without a symbol are left out."""
    symbols, operators, values = data.getlist("symbol"), data.getlist("operator"), data.getlist("value")
    rows = [RuleRow(*found) for found in zip(symbols, operators, values, strict=False)]
    return [row for row in rows if row.symbol]


def rows_stored(rules: Sequence[Mapping[str, Any]]) -> list[RuleRow]:
    """The rows of a stored template."""
    return [
        RuleRow(
            symbol=rule["symbol"],
            operator=("!" if rule.get("is_negated") else "") + rule["operator"],
            value=_text(rule["value"]),
        )
        for rule in rules
    ]


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


class TemplateForm(forms.Form):
    """A template: name, what it is for, how its rules are joined; the rules are rows beside it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(label=_("What it is for"), max_length=1000, required=False)
    operation = forms.ChoiceField(
        label=_("A computer belongs when"), choices=Operation.choices, initial=Operation.AND, widget=forms.RadioSelect
    )
