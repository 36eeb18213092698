"""Forms of acts on computers: where they go, what they are called, for how long they are quiet."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.console.dialogs import CarryForm
from seatkeep_manager.console.group_places import group_labels
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.directory.naming import FIELDS
from seatkeep_manager.directory.selectors import groups_found
from seatkeep_manager.enrollment.enums import Answer, WaitReason
from seatkeep_manager.enrollment.models import EnrollmentRequest

MUTES = {
    "1": _("until tomorrow"), "7": _("for a week"), "30": _("for 30 days"), "90": _("for 90 days"),
    "0": _("no longer: everything counts again"),
}  # fmt: skip


LIFTED = (WaitReason.TOKEN_EXPIRED, WaitReason.TOKEN_USED_UP, WaitReason.DAILY_CAP)
"""Why somebody waits whom lifting the limits of the key would let in."""
MOST_OFFERED = 200


class PlaceForm(CarryForm):
    """Which group: those near by are offered, others are found by name. `seen` is the one whose preview was shown.

    Args:
        request: The post that opened or sent the dialog.
        groups: Those that the person may choose.
        near: Those that are offered before anything is searched for.
    """

    find = forms.CharField(
        label=_("Find a group"), required=False, max_length=100,
        help_text=_("A part of its name, then Next. Below: what was found, or what is near."),
    )  # fmt: skip
    group = forms.ChoiceField(label=_("Group"), required=False, widget=forms.RadioSelect)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, request: HttpRequest, *, groups: QuerySet[StaticGroup], near: QuerySet[StaticGroup], **kwargs: Any
    ) -> None:
        super().__init__(request, **kwargs)
        text = request.POST.get("find", "")
        offered = groups_found(groups if text.strip() else near, text)
        offered += [one for one in groups.filter(uid__in=_uids(request)) if one not in offered]
        self._offered = {str(one.uid): one for one in offered}
        labels = group_labels(groups, offered)
        self.fields["group"].choices = [(uid, labels[one.pk]) for uid, one in self._offered.items()]  # type: ignore[attr-defined]

    @property
    def place(self) -> StaticGroup | None:
        """The chosen group."""
        return self._offered.get(self.cleaned_data.get("group", ""))

    @property
    def is_seen(self) -> bool:
        """Whether its preview was shown before."""
        chosen: str = self.cleaned_data.get("group", "")
        return bool(chosen) and self.cleaned_data.get("seen") == chosen

    def show(self, place: StaticGroup) -> None:
        """Remember that the preview of this group is shown now."""
        _note(self, str(place.uid))


class RenameForm(CarryForm):
    """What computers are called, by pattern; `seen` is the pattern whose preview was shown."""

    pattern = forms.CharField(
        label=_("Name"), max_length=200, initial="{hostname}",
        help_text=_("May use %(fields)s, and {n} or {n:03} for a number.")
        % {"fields": ", ".join(f"{{{field}}}" for field in FIELDS)},
    )  # fmt: skip
    start = forms.IntegerField(label=_("Numbers begin at"), min_value=0, max_value=1_000_000, initial=1, required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def wish(self) -> tuple[str, int]:
        """Pattern and first number."""
        start = self.cleaned_data.get("start")
        return self.cleaned_data["pattern"], 1 if start is None else start

    @property
    def is_seen(self) -> bool:
        """Whether exactly this was shown before."""
        return bool(self.cleaned_data.get("seen") == str(self.wish))

    def show(self) -> None:
        """Remember that this is shown now."""
        _note(self, str(self.wish))


class OneNameForm(forms.Form):
    """The name of one computer for people."""

    name = forms.CharField(
        label=_("Name"), max_length=200, required=False,
        help_text=_("Empty: the name that the computer has itself, which stays in sight in any case."),
    )  # fmt: skip


class MuteForm(CarryForm):
    """For how long nothing that is wrong counts as a problem."""

    days = forms.ChoiceField(label=_("Quiet"), choices=list(MUTES.items()), initial="7", widget=forms.RadioSelect)

    @property
    def span(self) -> timedelta | None:
        """How long; None ends it."""
        days = int(self.cleaned_data["days"])
        return timedelta(days=days) if days else None


class ApproveForm(CarryForm):
    """As which computer, where to, and whether the key lets everybody in from now on.

    Args:
        request: The post that opened or sent the dialog.
        rows: Those that wait.
        groups: Where they may go instead of where their key says.
    """

    answer = forms.ChoiceField(
        label=_("They look like computers that you have. Each is"), choices=Answer.choices, initial=Answer.SAME,
        widget=forms.RadioSelect,
    )  # fmt: skip
    group = forms.ChoiceField(label=_("Group"), required=False)
    always = forms.BooleanField(label=_("Let in everybody who comes with the same key from now on"), required=False)

    def __init__(
        self, request: HttpRequest, *, rows: Collection[EnrollmentRequest], groups: QuerySet[StaticGroup], **kwargs: Any
    ) -> None:
        super().__init__(request, **kwargs)
        offered = list(groups.order_by("path")[:MOST_OFFERED])
        self._offered = {str(one.uid): one for one in offered}
        labels = group_labels(groups, offered)
        choices = [("", _("Where the key says")), *((uid, labels[one.pk]) for uid, one in self._offered.items())]
        self.fields["group"].choices = choices  # type: ignore[attr-defined]
        if not any(row.replaces_id for row in rows):
            del self.fields["answer"]
        if not any(row.reason in LIFTED for row in rows):
            del self.fields["always"]

    @property
    def place(self) -> StaticGroup | None:
        """Where they go instead."""
        return self._offered.get(self.cleaned_data.get("group", ""))

    @property
    def answer_given(self) -> Answer:
        """As which computer."""
        return Answer(self.cleaned_data.get("answer") or Answer.SAME)


def _note(form: forms.Form, seen: str) -> None:
    """Put into a sent form what it shows now."""
    data = cast("QueryDict", form.data).copy()
    data["seen"] = seen
    form.data = data


def _uids(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(request.POST.get("group", ""))]
    except ValueError:
        return []
