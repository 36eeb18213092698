"""Forms of what people do with problems, and of thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.console.dialogs import CarryForm
from seatkeep_manager.directory.models import User
from seatkeep_manager.problems.limits import Limit
from seatkeep_manager.problems.thresholds import Unit

UNITS = {Unit.MINUTES: _("minutes"), Unit.DAYS: _("days"), Unit.PERCENT: _("percent")}
_PRESETS = {4: _("4 hours"), 24: _("1 day"), 72: _("3 days"), 168: _("1 week"), 720: _("30 days")}


class SnoozeForm(CarryForm):
    """How long problems stay out of sight."""

    hours = forms.ChoiceField(
        label=_("For"),
        choices=[*((str(hours), words) for hours, words in _PRESETS.items()), ("0", _("until a day:"))],
        initial="24",
        required=False,
    )
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("It wakes at 08:00 on that day; sooner when it becomes urgent."),
    )  # fmt: skip
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        """A day is needed where it is chosen."""
        cleaned = super().clean() or {}
        if cleaned.get("hours") == "0" and not cleaned.get("day") and "day" not in self.errors:
            self.add_error("day", _("Please choose a day."))
        return cleaned

    def until(self, now: datetime) -> datetime:
        """When it wakes; `now` gives the reader's zone."""
        day = self.cleaned_data.get("day")
        hours = int(self.cleaned_data.get("hours") or 24)
        if hours or day is None:
            return now + timedelta(hours=hours)
        return now.replace(year=day.year, month=day.month, day=day.day, hour=8, minute=0, second=0, microsecond=0)


class NoteForm(CarryForm):
    """A remark for the next person."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class PersonForm(CarryForm):
    """Who looks after problems."""

    assignee = forms.ChoiceField(label=_("Person"), required=False)

    def __init__(self, request: HttpRequest, *, people: Sequence[User], me: User, **kwargs: Any) -> None:
        super().__init__(request, **kwargs)
        choices = [("", gettext("Nobody"))]
        choices += [(one.email, f"{one} ({gettext('me')})" if one.pk == me.pk else str(one)) for one in people]
        self.fields["assignee"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if any(one.pk == me.pk for one in people):
            self.fields["assignee"].initial = me.email


@dataclass(frozen=True)
class ThresholdCell:
    """One number of the form: what was sent or stands, and what holds without it."""

    name: str
    value: str
    inherited: int
    least: int
    most: int
    errors: list[str]


@dataclass(frozen=True)
class ThresholdRow:
    """Soon and urgent of one thing; what has only one number leaves the other empty."""

    label: str
    unit: str
    inherited: str
    cells: tuple[ThresholdCell | None, ThresholdCell | None]


def threshold_rows(
    limits: Sequence[Limit], *, sent: Mapping[str, str] | None = None, errors: Mapping[str, list[str]] | None = None
) -> list[ThresholdRow]:
    """The form's rows.

    Args:
        limits: Every threshold of the group.
        sent: What was posted, where it was refused.
        errors: Why, by name.
    """
    known = {limit.threshold.name: limit for limit in limits}
    urgent = {limit.threshold.stricter: limit for limit in limits if limit.threshold.stricter}
    rows = []
    for name, soon in known.items():
        if soon.threshold.stricter:
            continue
        pair = [soon, urgent.get(name)]
        cells = [_cell(one, sent, errors or {}) if one else None for one in pair]
        words = " · ".join(_inherited(one) for one in pair if one)
        unit = str(UNITS[soon.threshold.unit])
        rows.append(ThresholdRow(str(soon.threshold.label), unit, words, (cells[0], cells[1])))
    return rows


def _cell(limit: Limit, sent: Mapping[str, str] | None, errors: Mapping[str, list[str]]) -> ThresholdCell:
    one = limit.threshold
    stands = "" if limit.own is None else str(limit.own)
    value = stands if sent is None else sent.get(one.name, "")
    return ThresholdCell(one.name, value, limit.inherited, one.least, one.most, errors.get(one.name, []))


def _inherited(limit: Limit) -> str:
    return f"{limit.inherited} ({limit.origin.name if limit.origin else gettext('default')})"
