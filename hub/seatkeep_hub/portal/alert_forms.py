"""The form of what a person is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.alerts.enums import AlertKind, AlertMode, AlertScope
from seatkeep_hub.alerts.rules import DEFAULT_HOUR, Wishes
from seatkeep_hub.companies.models import Company

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]


class KindRow(NamedTuple):
    """One row of the table of kinds: its field's name, the words, and the ways with the one that holds."""

    name: str
    label: str
    modes: list[tuple[str, str, bool]]


class AlertsForm(forms.Form):
    """Which kinds come in which way, about which companies, and when."""

    scope = forms.ChoiceField(label=_("About"), choices=AlertScope.choices, widget=forms.RadioSelect)
    companies = forms.ModelMultipleChoiceField(
        label=_("These companies"),
        queryset=Company.objects.none(),
        required=False,
        to_field_name="uid",
        widget=forms.CheckboxSelectMultiple,
    )
    hour = forms.TypedChoiceField(
        label=_("Daily mail at"),
        choices=HOURS,
        coerce=int,
        initial=DEFAULT_HOUR,
        help_text=_("Your own time zone, on workdays, and only when something is new."),
    )

    def __init__(self, *args: Any, companies: QuerySet[Company] | None, **kwargs: Any) -> None:
        """`companies` are offered to be chosen; None for somebody else's form, who keeps what they chose."""
        super().__init__(*args, **kwargs)
        for kind in AlertKind:
            self.fields[_name(kind)] = forms.ChoiceField(label=kind.label, choices=AlertMode.choices)
        chosen = self.fields["companies"]
        if companies is None:
            del self.fields["companies"]
        elif isinstance(chosen, forms.ModelMultipleChoiceField):
            chosen.queryset = companies

    @property
    def kind_rows(self) -> list[KindRow]:
        """The kinds for the table."""
        return [self._row(kind) for kind in AlertKind]

    @property
    def rest(self) -> list[forms.BoundField]:
        """The other fields."""
        return [self["scope"], self["hour"]]

    @property
    def chosen(self) -> forms.BoundField | None:
        """The companies to choose from, where they are offered."""
        return self["companies"] if "companies" in self.fields else None

    def wanted(self) -> dict[str, Any]:
        """Arguments of `alerts_set`."""
        data = self.cleaned_data
        return {
            "modes": {kind.value: data[_name(kind)] for kind in AlertKind},
            "scope": data["scope"],
            "companies": list(data["companies"]) if "companies" in data else None,
            "hour": data["hour"],
        }

    def _row(self, kind: AlertKind) -> KindRow:
        held = self[_name(kind)].value()
        modes = [(mode.value, str(mode.label), mode.value == held) for mode in AlertMode]
        return KindRow(_name(kind), str(kind.label), modes)


def alerts_initial(wishes: Wishes) -> Mapping[str, Any]:
    """What the form begins with."""
    return {
        "scope": wishes.scope.value,
        "companies": list(Company.objects.filter(pk__in=wishes.chosen).values_list("uid", flat=True)),
        "hour": wishes.hour,
        **{_name(kind): mode.value for kind, mode in wishes.modes.items()},
    }


def _name(kind: AlertKind) -> str:
    return f"kind_{kind.value}"
