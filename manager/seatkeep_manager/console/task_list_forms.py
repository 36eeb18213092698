"""Forms of the list of software and of daily rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from seatkeep_protocol.tasks import PackageFormat
from seatkeep_webkit.errors import AppError

from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import group_get, groups_visible
from seatkeep_manager.tasks.enums import ServerTaskKind
from seatkeep_manager.tasks.server_tasks import changes, params_clean


class SoftwareForm(forms.Form):
    """A package for the list."""

    name = forms.CharField(label=_("Name"), max_length=200)
    version = forms.CharField(label=_("Version"), max_length=50, required=False)
    package_format = forms.ChoiceField(
        label=_("Package of"),
        choices=[(PackageFormat.DEB, "Debian, Ubuntu (deb)"), (PackageFormat.RPM, "Red Hat, SUSE (rpm)"),
                 (PackageFormat.MSI, "Windows (MSI)")],
    )  # fmt: skip
    url = forms.URLField(
        label=_("Address of the file"), max_length=2000, assume_scheme="https",
        help_text=_("https only. Each computer fetches it from there by itself."),
    )  # fmt: skip
    sha256 = forms.RegexField(
        r"^[0-9A-Fa-f]{64}$", label=_("SHA-256 of the file"),
        help_text=_("64 hexadecimal digits, from the maker or from sha256sum. Another file is never installed."),
    )  # fmt: skip


class RuleForm(forms.Form):
    """A daily rule; the first time it is sent it says whom it reaches now.

    Args:
        user: Whose groups are offered.
        now: Current time, aware UTC.
    """

    kind = forms.ChoiceField(label=_("Rule"), choices=ServerTaskKind.choices)
    place = forms.ChoiceField(label=_("Group"))
    pattern = forms.CharField(
        label=_("Name"), max_length=200, required=False, initial="{group}-{hostname}",
        help_text=_("{hostname}, {serial}, {user}, {group}, {os} stand for what is known of each computer."),
    )  # fmt: skip
    days = forms.IntegerField(
        label=_("Days without contact"), min_value=7, max_value=3650, required=False, initial=90,
        help_text=_("They can be brought back. More than a quarter of a group never go by themselves."),
    )  # fmt: skip
    is_sure = forms.BooleanField(label=_("Yes, these computers"), required=False)

    def __init__(self, *args: Any, user: User, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user, self._now = user, now
        allowed = groups_visible(user, functionality=Functionality.SERVER_TASKS, level=AccessLevel.WRITE)
        known = {one.pk: one for one in allowed}
        ways = [(str(one.uid), " / ".join(known[up].name for up in one.path if up in known)) for one in known.values()]
        self.fields["place"].choices = [("", _("Choose a group")), *sorted(ways, key=lambda one: one[1])]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The rule fits, and whom it reaches now is known."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return data
        try:
            order = self.order()
        except AppError as error:
            for name, faults in error.fields.items():
                self.add_error(name if name in self.fields else None, [str(fault) for fault in faults])
            return data
        count = len(changes(order["kind"], order["params"], order["group"], now=self._now))
        if not data["is_sure"] and count:
            words = ngettext("This changes %(n)s computer now.", "This changes %(n)s computers now.", count)
            self.add_error("is_sure", f"{words % {'n': count}} {_('Tick if that is right.')}")
        return data

    def order(self) -> dict[str, Any]:
        """What `server_task_create` takes."""
        data = self.cleaned_data
        given = {"pattern": data["pattern"]} if data["kind"] == ServerTaskKind.RENAME else {"days": data["days"]}
        return {"kind": data["kind"], "params": params_clean(data["kind"], given), "group": self._group()}

    def _group(self) -> StaticGroup:
        uid = UUID(self.cleaned_data["place"])
        return group_get(self._user, uid=uid, functionality=Functionality.SERVER_TASKS, level=AccessLevel.WRITE)
