"""The form of a task for a group: what, where, when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.triggers import DELAY_LIMIT_SECONDS

from seatkeep_manager.console.work_forms import Reach, WorkForm
from seatkeep_manager.directory.enums import AccessLevel, DeviceKind, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import group_get, groups_visible
from seatkeep_manager.grouping.selectors import dynamic_group_get, dynamic_groups_visible
from seatkeep_manager.tasks.group_services import group_devices
from seatkeep_manager.tasks.orders import functionality_of

TRIGGERS = [
    ("ASAP", _("At once")), ("ONCE", _("Once, at a time")), ("DAILY", _("Every day")), ("WEEKLY", _("Every week")),
    ("MONTHLY", _("Every month")), ("YEARLY", _("Every year")), ("CRON", _("By a CRON expression")),
    ("JOINED", _("When a computer joins the group")), ("EVENT", _("When a computer logs something")),
    ("SIZE", _("When the group grows to a size")),
]  # fmt: skip
NEEDED = {
    "ONCE": ("date", "at"), "DAILY": ("at",), "WEEKLY": ("days", "at"), "MONTHLY": ("day", "at"),
    "YEARLY": ("month", "day", "at"), "EVENT": ("source",), "SIZE": ("at_least",),
    "CRON": ("expression",),
}  # fmt: skip
"""Trigger → the fields that it cannot do without; the others are hidden while it is chosen (tasks.css)."""

SURE = ("is_sure", "is_sure_servers")
"""Stand at the end, where the button is."""


class GroupTaskForm(WorkForm):
    """A task for a group; a field that the chosen trigger does not use is passed over, too.

    Args:
        user: Whose groups are offered: those that the person may change.
    """

    place = forms.ChoiceField(label=_("Group"), help_text=_("Computers that join later do it too."))
    trigger = forms.ChoiceField(label=_("When"), choices=TRIGGERS)
    date = forms.DateField(label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    days = forms.TypedMultipleChoiceField(
        label=_("Days"), required=False, coerce=int, choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    month = forms.TypedChoiceField(label=_("Month"), required=False, coerce=int, choices=list(MONTHS.items()))
    day = forms.IntegerField(
        label=_("Day of the month"), required=False, min_value=1, max_value=31,
        help_text=_("In a shorter month its last day."),
    )  # fmt: skip
    at = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("In each computer's own time zone."),
    )  # fmt: skip
    expression = forms.CharField(
        label=_("CRON expression"), required=False, max_length=200,
        help_text=_("Minute, hour, day, month, weekday: 0 3 * * 1-5 is three o'clock from Monday to Friday."),
    )  # fmt: skip
    source = forms.ChoiceField(
        label=_("Where"), required=False,
        choices=[("JOURNAL", _("Journal of systemd")), ("FILE", _("A text file")), ("WINDOWS", _("A log of Windows"))],
    )  # fmt: skip
    log = forms.CharField(
        label=_("File or log"), required=False, max_length=500,
        help_text=_("An absolute path, or the log's name such as Security. Nothing for the journal."),
    )  # fmt: skip
    contains = forms.CharField(
        label=_("A line contains"), required=False, max_length=200, help_text=_("Capitals do not matter.")
    )
    event_id = forms.IntegerField(label=_("Event number (Windows)"), required=False, min_value=0, max_value=65_535)
    count = forms.IntegerField(label=_("So many lines"), required=False, min_value=1, max_value=1000, initial=1)
    within_minutes = forms.IntegerField(
        label=_("Within (minutes)"), required=False, min_value=1, max_value=1440, initial=10
    )
    at_least = forms.IntegerField(
        label=_("Computers in the group"), required=False, min_value=1, max_value=1_000_000,
        help_text=_("All that are in it then do it once; again when it shrinks below and grows once more."),
    )  # fmt: skip
    life_hours = forms.IntegerField(
        label=_("May begin late by (hours)"), required=False, min_value=1, max_value=180 * 24,
        help_text=_("For computers that were off. Empty: restart 12, message 8, scan 168."),
    )  # fmt: skip
    delay_minutes = forms.IntegerField(
        label=_("Spread over (minutes)"), required=False, min_value=0, max_value=DELAY_LIMIT_SECONDS // 60,
        help_text=_("Each computer waits its share, so that not all begin at once."),
    )  # fmt: skip
    pause_minutes = forms.IntegerField(
        label=_("Not again within (minutes)"), required=False, min_value=0, max_value=180 * 24 * 60
    )
    folded = ("life_hours", "delay_minutes", "pause_minutes")
    folded_label = _("Limits")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.order_fields([*(name for name in self.fields if name not in SURE), *SURE])
        static = {
            one.pk: one for one in groups_visible(user, functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)
        }
        dynamic = dynamic_groups_visible(user, functionality=Functionality.CLIENT_TASKS, level=AccessLevel.USE)
        ways = {pk: " / ".join(static[up].name for up in one.path if up in static) for pk, one in static.items()}
        places = [
            ("", _("Choose a group")),
            (
                _("Groups"),
                sorted(((f"static:{static[pk].uid}", way) for pk, way in ways.items()), key=lambda one: one[1]),
            ),
            (_("Dynamic groups"), [(f"dynamic:{one.uid}", f"{ways[one.anchor_id]} / {one.name}") for one in dynamic]),
        ]
        self.fields["place"].choices = places  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """What the chosen trigger needs is there, too."""
        self.need(NEEDED.get(self.cleaned_data.get("trigger", ""), ()))
        return super().clean()

    def reach(self) -> Reach:
        """Whoever stands in the group now; for a dynamic one, whom it takes now."""
        place = self._place()
        group = StaticGroup.objects.get(pk=place["group_id"])
        devices = group_devices(group, place.get("dynamic_id"))
        return Reach(devices.count(), devices.filter(kind=DeviceKind.SERVER).count())

    def order(self) -> dict[str, Any]:
        """What `group_task_create` takes."""
        data = self.cleaned_data
        life, pause = data["life_hours"], data["pause_minutes"] or 0
        return {
            "kind": data["kind"], "params": self.params(), "trigger": self._trigger(), **self._place(),
            "life": timedelta(hours=life) if life else None, "pause": timedelta(minutes=pause),
            "is_server_confirmed": data["is_sure_servers"],
        }  # fmt: skip

    def _trigger(self) -> dict[str, Any]:
        data, kind = self.cleaned_data, self.cleaned_data["trigger"]
        if kind in ("ASAP", "JOINED"):
            return {"type": kind}
        if kind == "SIZE":
            return {"type": kind, "at_least": data["at_least"]}
        if kind == "EVENT":
            return self._event()
        made: dict[str, Any] = {"type": kind, "delay_seconds": (data["delay_minutes"] or 0) * 60}
        if kind == "CRON":
            return {**made, "expression": data["expression"]}
        at = data["at"].strftime("%H:%M")
        if kind == "ONCE":
            return {**made, "at": f"{data['date'].isoformat()}T{at}"}
        extra = {
            "WEEKLY": {"days": data["days"]},
            "MONTHLY": {"day": data["day"]},
            "YEARLY": {"month": data["month"], "day": data["day"]},
        }.get(kind, {})
        return {**made, **extra, "at": at}

    def _event(self) -> dict[str, Any]:
        data = self.cleaned_data
        made = {
            "type": "EVENT", "source": data["source"], "text": data["contains"], "log": data["log"].strip(),
            "count": data["count"] or 1, "within_seconds": 60 * (data["within_minutes"] or 10),
        }  # fmt: skip
        return made if data["event_id"] is None else {**made, "event_id": data["event_id"]}

    def _place(self) -> dict[str, Any]:
        kind, _sep, uid = self.cleaned_data["place"].partition(":")
        wanted: dict[str, Any] = {
            "uid": UUID(uid), "functionality": functionality_of(self.cleaned_data["kind"]), "level": AccessLevel.USE,
        }  # fmt: skip
        if kind == "static":
            return {"group_id": group_get(self._user, **wanted).pk}
        found = dynamic_group_get(self._user, **wanted)
        return {"group_id": found.anchor_id, "dynamic_id": found.pk}
