"""Forms of the console's pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.console.dialogs import CarryForm
from seatkeep_manager.console.group_places import GroupField
from seatkeep_manager.detections.enums import Resolution
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.enrollment.enums import TokenKind
from seatkeep_manager.hublink.models import MirroredLicense
from seatkeep_manager.policies.models import Policy


def lines_of(text: str) -> list[str]:
    """The lines of a text without blanks and empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class ResolveForm(CarryForm):
    """How a detection was closed."""

    resolution = forms.ChoiceField(
        label=_("How"),
        choices=[
            (Resolution.RESOLVED, _("I took care of it")),
            (Resolution.FALSE_POSITIVE, _("It was a false alarm")),
        ],
        widget=forms.RadioSelect,
        initial=Resolution.RESOLVED,
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class RestoreForm(CarryForm):
    """Whether a restored file may be found again."""

    is_excluding = forms.BooleanField(
        label=_("Do not find this file again"), required=False, help_text=_("Choose this after a false alarm.")
    )


class ScanForm(CarryForm):
    """What a scan goes through."""

    targets = forms.CharField(
        label=_("Folders"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One absolute folder a line. Empty: the folders of the computer's policy."),
    )
    is_quarantining = forms.BooleanField(label=_("Move what is found to quarantine"), required=False, initial=True)

    def clean_targets(self) -> list[str]:
        """Each folder is absolute."""
        targets = lines_of(self.cleaned_data["targets"])
        wrong = [target for target in targets if not target.startswith(("/", "C:\\", "D:\\"))]
        if wrong:
            raise forms.ValidationError(_("%(folder)s is not an absolute folder."), params={"folder": wrong[0]})
        return targets

    def params(self) -> dict[str, Any]:
        """Parameters of the scan task."""
        return {"targets": self.cleaned_data["targets"], "is_quarantining": self.cleaned_data["is_quarantining"]}


class InstallerForm(forms.Form):
    """Where computers join and by which kind of key."""

    group = GroupField(label=_("Group"), queryset=StaticGroup.objects.none(), empty_label=None)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            (TokenKind.INSTALL_LINK, _("Install link: 14 days, 25 computers; send it to a person")),
            (TokenKind.DEPLOYMENT_KEY, _("Deployment key: does not expire; for RMM, group policy and images")),
        ],
        widget=forms.RadioSelect,
        initial=TokenKind.INSTALL_LINK,
    )

    def __init__(self, *args: Any, groups: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]  # a ModelChoiceField


class AssignForm(forms.Form):
    """The group that has to obey a policy."""

    group = GroupField(label=_("Group"), queryset=StaticGroup.objects.none(), empty_label=None)

    def __init__(self, *args: Any, groups: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = groups  # type: ignore[attr-defined]  # a ModelChoiceField


class LicenseForm(forms.Form):
    """The license from which a computer takes its seat."""

    license = forms.ChoiceField(label=_("License"))

    def __init__(self, *args: Any, licenses: Iterable[MirroredLicense], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(found.public_id, f"{found.public_id} · {found.bundle_name}") for found in licenses]
        field: Any = self.fields["license"]
        field.choices = choices
        if not choices:
            field.help_text = _("The customer has no license with a product for this kind of computer.")


class DevicePolicyForm(forms.Form):
    """The policy that one computer has to obey besides those of its groups."""

    policy = forms.ModelChoiceField(label=_("Policy"), queryset=Policy.objects.none(), empty_label=None)

    def __init__(self, *args: Any, policies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policy"].queryset = policies  # type: ignore[attr-defined]  # a ModelChoiceField


class DuplicateForm(forms.Form):
    """The name of a copy, and for whom it is."""

    name = forms.CharField(label=_("Name"), max_length=200)
    owner = forms.ChoiceField(label=_("Belongs to"), required=False)

    def __init__(self, *args: Any, owners: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = owners  # type: ignore[attr-defined]  # a ChoiceField


class RollBackForm(forms.Form):
    """Why a former version comes back."""

    note = forms.CharField(label=_("Why"), required=False, max_length=500)
