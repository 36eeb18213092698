"""Forms of the console's pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.console.dialogs import CarryForm
from seatkeep_manager.console.group_places import GroupField
from seatkeep_manager.customers.models import CustomerTemplate
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


class SetUpForm(forms.Form):
    """The set-up of one customer on one page."""

    template = forms.ModelChoiceField(
        label=_("Template"), queryset=CustomerTemplate.objects.order_by("name"), empty_label=None
    )
    groups = forms.CharField(
        label=_("Groups"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One group a line, made below the customer's own group. Empty: none."),
    )
    makes_key = forms.BooleanField(
        label=_("Make a deployment key"),
        required=False,
        initial=True,
        help_text=_("For RMM, group policy and images. It does not expire and can be revoked."),
    )

    def clean_groups(self) -> list[str]:
        """Names without doubles, in the given order."""
        return list(dict.fromkeys(lines_of(self.cleaned_data["groups"])))


class TemplateForm(forms.Form):
    """A template for customers to come."""

    name = forms.CharField(label=_("Name"), max_length=100)
    groups = forms.CharField(label=_("Groups"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    policies = forms.ModelMultipleChoiceField(label=_("Policies"), queryset=Policy.objects.none(), required=False)
    daily_cap = forms.IntegerField(
        label=_("New computers a day"),
        min_value=1,
        max_value=100_000,
        initial=200,
        help_text=_("More than that wait for approval."),
    )

    def __init__(self, *args: Any, policies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policies"].queryset = policies  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

    def clean_groups(self) -> list[str]:
        """Names without doubles, in the given order."""
        return list(dict.fromkeys(lines_of(self.cleaned_data["groups"])))


class OffboardForm(forms.Form):
    """The days of a customer's leave, and its name typed to be sure."""

    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    protect_until = forms.DateField(
        label=_("Protect until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("On this day the computers are told to stop. Today means now."),
    )
    bill_until = forms.DateField(label=_("Bill until"), widget=forms.DateInput(attrs={"type": "date"}))
    name = forms.CharField(label=_("Type the customer's name to go on"))

    def __init__(self, *args: Any, customer_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer_name = customer_name

    def clean_name(self) -> str:
        """The name as it stands."""
        name = str(self.cleaned_data["name"]).strip()
        if name != self.customer_name:
            raise forms.ValidationError(_("This is not the customer's name."))
        return name


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


class SnoozeForm(forms.Form):
    """How long a problem stays out of sight."""

    hours = forms.TypedChoiceField(
        label=_("For"),
        coerce=int,
        choices=[(4, _("4 hours")), (24, _("1 day")), (72, _("3 days")), (168, _("1 week"))],
        initial=24,
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def duration(self) -> timedelta:
        """The chosen time."""
        return timedelta(hours=self.cleaned_data["hours"])


class NoteForm(forms.Form):
    """A remark for the next person."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


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
