"""What the page of a key offers: system, edition, group and proxy to choose, and the words of each file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.deployment.kits import Action, Kit, kit_make, linux_payload, windows_packages
from seatkeep_manager.deployment.payload import Edition
from seatkeep_manager.deployment.rules import MAX_PROXY_CHARACTERS, System, Wish, is_proxy
from seatkeep_manager.directory.enums import AccessLevel, Functionality, GroupKind
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.enrollment.models import EnrollmentToken

SYSTEMS: dict[System, Promise] = {System.WINDOWS: _("Windows"), System.LINUX: _("Linux")}
MAX_GROUPS = 500
_SEPARATORS = frozenset("/\\")
EDITIONS: list[tuple[str, Promise]] = [
    (Edition.ENDPOINT.value, _("Agent and protection")),
    (Edition.AGENT.value, _("Agent only")),
]
ACTIONS: dict[Action, tuple[Promise, Promise]] = {
    Action.INSTALL: (_("Install"), _("Leaves alone what is there and well; also upgrades.")),
    Action.REPAIR: (_("Repair"), _("Installs again over what is there; the computer stays the same device.")),
    Action.REMOVE: (_("Remove"), _("Gives the seat back and removes everything.")),
    Action.DETECT: (_("Detect"), _("Exit code 0 and the version when it is installed, 1 when not or too old.")),
    Action.STATE: (_("State"), _("One line for a custom field: ok or trouble, version, license, protection.")),
}
EXIT_CODES: list[tuple[str, Promise, str | Promise]] = [
    ("0", _("Done: connected and not unprotected"), "–"),
    ("1", _("Detect: not installed or too old. State: not in order"), "–"),
    ("10", _("Installed, but not connected or protected yet"), _("Nothing, or approve it under Waiting for approval")),
    ("11", _("Installed, but no license seat"), _("Raise the customer's seats in Licensing")),
    ("2", _("Called wrongly, or the computer is not supported"), _("Read the last line")),
    ("3", _("Download or check failed"), _("Run again")),
    ("4", _("Console not reached, or its certificate is wrong"), _("Network, name, clock, proxy")),
    ("5", _("Key rejected (Linux)"), _("Copy a new key")),
    ("6", _("This computer failed"), _("Read the last line and the log it names")),
    ("7", _("Another installation runs (Windows)"), _("Run again later")),
    ("8", _("Not installed (State)"), "–"),
]  # fmt: skip


class KitForm(forms.Form):
    """What an installer is to do beside letting a computer in."""

    system = forms.ChoiceField(choices=[(one.value, SYSTEMS[one]) for one in System], widget=forms.HiddenInput)
    edition = forms.ChoiceField(label=_("What"), choices=EDITIONS, required=False)
    group = forms.ChoiceField(label=_("Join group"), required=False)
    proxy = forms.CharField(
        label=_("Proxy"),
        required=False,
        max_length=MAX_PROXY_CHARACTERS,
        widget=forms.TextInput(attrs={"placeholder": "http://proxy:3128", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, token: EnrollmentToken, groups: list[str]) -> None:
        super().__init__(data)
        own = _("%(name)s (the key's own)") % {"name": token.group.name}
        self.fields["group"].choices = [("", own), *((name, name) for name in groups)]  # type: ignore[attr-defined]
        for name in ("edition", "group", "proxy"):
            is_choice = isinstance(self.fields[name], forms.ChoiceField)
            self.fields[name].widget.attrs["class"] = "form-select" if is_choice else "form-control"

    def clean_proxy(self) -> str:
        """An address without name and password, or nothing."""
        text: str = self.cleaned_data["proxy"]
        if text and not is_proxy(text):
            raise forms.ValidationError(_("Write it like http://proxy.example.com:3128, without name and password."))
        return text

    def wish(self) -> Wish:
        """What was chosen; what is wrong counts as not chosen, and the form says so."""
        given = self.cleaned_data
        return Wish(
            system=System(given.get("system") or System.WINDOWS),
            edition=Edition(given.get("edition") or Edition.ENDPOINT),
            group=given.get("group", ""),
            proxy=given.get("proxy", ""),
        )


def groups_below(user: User, token: EnrollmentToken) -> list[str]:
    """Ways from the customer's group down to a person's groups below the key's own, such as "Office/Reception"."""
    groups = groups_visible(user, functionality=Functionality.INSTALLERS, level=AccessLevel.USE)
    groups = groups.filter(path__contains=[token.group_id], kind=GroupKind.FREE)
    own = groups.filter(company_hub_id=token.company_hub_id).exclude(pk=token.group_id)
    below = list(own.order_by("name")[:MAX_GROUPS])
    above = StaticGroup.objects.filter(kind=GroupKind.FREE, path__contains=[token.group_id])
    names = dict(above.values_list("pk", "name")) | _free_names(token.group)
    ways = [[names[pk] for pk in one.path if pk in names] for one in below]
    return sorted("/".join(way) for way in ways if not any(_SEPARATORS & set(name) for name in way))


def _free_names(group: StaticGroup) -> dict[int, str]:
    """Names of a group and those above it, below the customer's own."""
    return dict(StaticGroup.objects.filter(pk__in=group.path, kind=GroupKind.FREE).values_list("pk", "name"))


def kit_form(request: HttpRequest, user: User, token: EnrollmentToken) -> KitForm:
    """The form as the address fills it; without a choice the system whose installer this console has."""
    data = request.GET.copy()
    data.setdefault("system", (System.WINDOWS if windows_packages() or not linux_payload() else System.LINUX).value)
    form = KitForm(data, token=token, groups=groups_below(user, token))
    form.is_valid()
    return form


def kit_context(token: EnrollmentToken, form: KitForm) -> dict[str, Any]:
    """Everything that the kit part of the page shows."""
    wish = form.wish()
    kit = kit_make(key=token.secret, wish=wish)
    base, query = reverse("console:installer", args=[token.uid]), _query(wish)
    return {
        "kit": kit,
        "kit_form": form,
        "tabs": [_tab(one, base, query, is_current=one is wish.system) for one in System],
        "is_windows": wish.system is System.WINDOWS,
        "settings_url": file_url(token, kit.settings_file.name, query),
        "authority_url": file_url(token, kit.authority.name, query) if kit.authority else "",
        "all_url": file_url(token, archive_name(wish), query),
        "scripts": _scripts(token, kit, query),
        "exit_codes": EXIT_CODES,
    }


def _tab(system: System, base: str, query: dict[str, str], *, is_current: bool) -> dict[str, Any]:
    url = f"{base}?{urlencode({**query, 'system': system.value})}"
    return {"label": SYSTEMS[system], "url": url, "is_current": is_current}


def archive_name(wish: Wish) -> str:
    """Name of the file with all files."""
    return f"seatkeep-{wish.system}.zip"


def file_url(token: EnrollmentToken, name: str, query: dict[str, str]) -> str:
    """Where a file of the kit is downloaded; the key is in no address."""
    return f"{reverse('console:installer-file', args=[token.uid, name])}?{urlencode(query)}"


def _query(wish: Wish) -> dict[str, str]:
    given = {"system": wish.system.value, "edition": wish.edition.value, "group": wish.group, "proxy": wish.proxy}
    return {name: value for name, value in given.items() if value}


def _scripts(token: EnrollmentToken, kit: Kit, query: dict[str, str]) -> list[dict[str, Any]]:
    return [_script(token, kit.scripts[action].name, query, *words) for action, words in ACTIONS.items()]


def _script(token: EnrollmentToken, name: str, query: dict[str, str], label: Promise, text: Promise) -> dict[str, Any]:
    return {"label": label, "text": text, "name": name, "url": file_url(token, name, query)}
