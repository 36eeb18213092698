"""What computers are asked to do: one form for chosen computers, and the first half of that for a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from seatkeep_protocol.tasks import GROUP_KINDS, Interpreter, PackageFormat, TaskKind

from seatkeep_manager.console.forms import lines_of
from seatkeep_manager.console.words import TASKS
from seatkeep_manager.directory.access import may
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import User
from seatkeep_manager.tasks.orders import SERVER_ASKED, functionality_of
from seatkeep_manager.tasks.software import packages_listed

ASKED = frozenset({
    TaskKind.RESTART, TaskKind.SHUTDOWN, TaskKind.ISOLATE, TaskKind.RUN_COMMAND, TaskKind.SOFTWARE_INSTALL,
    TaskKind.SOFTWARE_UNINSTALL,
})  # fmt: skip
"""What many people notice: asked back with the number of computers."""
INTERPRETERS = [
    (Interpreter.SH, _("sh (Linux)")), (Interpreter.BASH, _("bash (Linux)")), (Interpreter.PYTHON, _("Python 3")),
    (Interpreter.POWERSHELL, _("PowerShell (Windows)")), (Interpreter.CMD, _("cmd (Windows)")),
]  # fmt: skip
NEEDED: Mapping[str, tuple[str, ...]] = {
    TaskKind.MESSAGE: ("text",), TaskKind.RUN_COMMAND: ("script",), TaskKind.ISOLATE: ("reason",),
    TaskKind.SOFTWARE_INSTALL: ("package",), TaskKind.SOFTWARE_UNINSTALL: ("package_name",),
}  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """How many computers an order reaches now."""

    computers: int
    servers: int


class WorkForm(forms.Form):
    """What to do, with the fields of each kind; those that the chosen one does not use are passed over (tasks.css).

    Args:
        user: Who asks; what runs programs is offered to those only who may.
    """

    kind = forms.ChoiceField(label=_("Task"))
    text = forms.CharField(
        label=_("Message"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown to whoever is signed in."),
    )  # fmt: skip
    notice_minutes = forms.IntegerField(
        label=_("After (minutes)"), required=False, min_value=1, max_value=720, initial=10,
        help_text=_("The time people have to save their work."),
    )  # fmt: skip
    defers = forms.IntegerField(
        label=_("May be put off (times)"), required=False, min_value=0, max_value=10, initial=0,
        help_text=_("How often people may say “not now”."),
    )  # fmt: skip
    defer_minutes = forms.IntegerField(
        label=_("Each time by (minutes)"), required=False, min_value=5, max_value=1440, initial=60
    )
    targets = forms.CharField(
        label=_("Folders"), required=False, widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("One absolute folder a line. Empty: the folders of the computer's policy."),
    )  # fmt: skip
    interpreter = forms.ChoiceField(label=_("Run by"), required=False, choices=INTERPRETERS)
    script = forms.CharField(
        label=_("Script"), required=False, max_length=6000, strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "task-script"}),
        help_text=_("Runs as the agent: root, or SYSTEM. Only where a policy allows commands (Policies → Agent)."),
    )  # fmt: skip
    timeout_minutes = forms.IntegerField(
        label=_("Ends after (minutes)"), required=False, min_value=1, max_value=60, initial=5
    )
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500, help_text=_("Shown on the computer, and in the audit log.")
    )
    isolation_hours = forms.IntegerField(
        label=_("Ends by itself after (hours)"), required=False, min_value=1, max_value=720, initial=24,
        help_text=_("Order it again to make it longer."),
    )  # fmt: skip
    allow = forms.CharField(
        label=_("Also stays open"), required=False, widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("Networks, one a line, beside those of the policy. The console, DNS and DHCP always do."),
    )  # fmt: skip
    package = forms.ChoiceField(
        label=_("Software"), required=False, help_text=_("From the list of software (Tasks → Software).")
    )
    package_format = forms.ChoiceField(
        label=_("Package of"), required=False,
        choices=[(PackageFormat.DEB, "Debian, Ubuntu (deb)"), (PackageFormat.RPM, "Red Hat, SUSE (rpm)"),
                 (PackageFormat.MSI, "Windows (MSI)")],
    )  # fmt: skip
    package_name = forms.CharField(
        label=_("Package"), required=False, max_length=255,
        help_text=_("As the package manager calls it; for an MSI its product code {…}."),
    )  # fmt: skip
    is_sure = forms.BooleanField(label=_("Yes, all of these computers"), required=False)
    is_sure_servers = forms.BooleanField(label=_("Yes, the servers too"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        kinds = [kind for kind in GROUP_KINDS if may(user, functionality_of(kind), AccessLevel.USE)]
        self.fields["kind"].choices = [(kind.value, TASKS[kind]) for kind in kinds]  # type: ignore[attr-defined]
        packages = [("", _("Choose software")), *((str(one.uid), str(one)) for one in packages_listed())]
        self.fields["package"].choices = packages  # type: ignore[attr-defined]

    def reach(self) -> Reach | None:
        """How many computers the order reaches; None while that is not known."""
        return None

    def clean(self) -> dict[str, Any]:
        """What the chosen kind needs is there, and what many notice is meant."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self.need(NEEDED.get(data.get("kind", ""), ()))
        if not self.errors and (reach := self.reach()) is not None:
            self._ask_back(data, reach)
        return data

    def need(self, names: tuple[str, ...]) -> None:
        """Complain about empty ones among these fields."""
        for name in names:
            if self.cleaned_data.get(name) in (None, "", []) and name not in self.errors:
                self.add_error(name, _("Needed here."))

    def _ask_back(self, data: dict[str, Any], reach: Reach) -> None:
        if data["kind"] in ASKED and reach.computers > 1 and not data.get("is_sure"):
            words = ngettext("This reaches %(n)s computer now.", "This reaches %(n)s computers now.", reach.computers)
            self.add_error("is_sure", f"{words % {'n': reach.computers}} {_('Tick if that is right.')}")
        if data["kind"] in SERVER_ASKED and reach.servers and not data.get("is_sure_servers"):
            words = ngettext("%(n)s of them is a server.", "%(n)s of them are servers.", reach.servers)
            self.add_error("is_sure_servers", f"{words % {'n': reach.servers}} {_('Tick if it is meant too.')}")

    def params(self) -> dict[str, Any]:
        """Parameters of the chosen kind."""
        data = self.cleaned_data
        made: dict[str, dict[str, Any]] = {
            TaskKind.MESSAGE: {"text": data["text"]},
            TaskKind.SCAN: {"targets": lines_of(data["targets"])},
            TaskKind.RUN_COMMAND: {
                "script": data["script"], "interpreter": data["interpreter"] or Interpreter.SH,
                "timeout_seconds": 60 * (data["timeout_minutes"] or 5),
            },
            TaskKind.ISOLATE: {
                "reason": data["reason"], "hours": data["isolation_hours"] or 24, "allow": lines_of(data["allow"]),
            },
            TaskKind.SOFTWARE_INSTALL: {"package": data["package"]},
            TaskKind.SOFTWARE_UNINSTALL: {"format": data["package_format"], "package": data["package_name"].strip()},
        }  # fmt: skip
        if data["kind"] in (TaskKind.RESTART, TaskKind.SHUTDOWN):
            return {
                "text": data["text"], "delay_minutes": data["notice_minutes"] or 10, "defers": data["defers"] or 0,
                "defer_minutes": data["defer_minutes"] or 60,
            }  # fmt: skip
        return made.get(data["kind"], {})


class DeviceWorkForm(WorkForm):
    """Something for chosen computers, at once.

    Args:
        reached: How many those are.
    """

    def __init__(self, *args: Any, reached: Reach, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reached = reached
        if reached.computers < 2:
            del self.fields["is_sure"]
        if not reached.servers:
            del self.fields["is_sure_servers"]

    def reach(self) -> Reach:
        """Those that were chosen."""
        return self._reached
