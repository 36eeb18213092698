"""Forms about companies: a new one, its details, notes, tags, a move, trust."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.identity import time_zones

from seatkeep_hub.companies import rules
from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.fields import OF_THE_PARENT
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.rules import child_kinds
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import bundle_list

PLAIN = (
    "custom_identifier",
    "vat_id",
    "contact_name",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
)
LABELS = {
    "custom_identifier": _("Your own number"),
    "vat_id": _("Tax id"),
    "contact_name": _("Contact person"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "street": _("Street"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "region": _("State or region"),
    "country": _("Country"),
}
HELP = {
    "custom_identifier": _("For example the number in your PSA."),
    "country": _("Two letters, such as DE."),
    "email": _("Customers never get mail there by themselves."),
}
SELLERS = "|".join([CompanyKind.MSP_MANAGER, CompanyKind.MSP, CompanyKind.MANAGED_MSP])


class TagsField(forms.CharField):
    """Tags, separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Tags"), required=False, help_text=_("Separated by commas."), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A list as text."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """The list, checked."""
        tags = rules.tags_normalize(str(super().clean(value)).split(","))
        fault = rules.tags_fault(tags)
        if fault:
            raise forms.ValidationError(fault)
        return tags


def plain_fields() -> dict[str, forms.Field]:
    """Number, tax id, contact and address."""
    fields: dict[str, forms.Field] = {
        name: forms.CharField(
            label=LABELS[name], max_length=rules.MAX_LENGTHS.get(name, 2), required=False, help_text=HELP.get(name, "")
        )
        for name in PLAIN
    }
    fields["email"].widget.input_type = "email"
    fields["country"].widget.attrs["autocomplete"] = "country"
    return fields


class CompanyForm(forms.Form):
    """A new company below one that the viewer may change: what is needed first, the rest behind "More"."""

    folded = (*PLAIN[1:], "tags", "description", "allowed_bundles", "is_trial_allowed")
    folded_label = _("Address, contact, tags and more")

    parent = forms.ModelChoiceField(label=_("Below"), queryset=Company.objects.none(), to_field_name="uid")
    kind = forms.ChoiceField(label=_("Kind"), choices=[])
    name = forms.CharField(label=_("Name"), max_length=rules.MAX_NAME_LENGTH)

    def __init__(self, *args: Any, parents: list[Company], has_license: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {child for one in parents for child in child_kinds(one.kind)}
        self._choices_set(parents, [one for one in CompanyKind if one in kinds])
        self.fields.update(plain_fields())
        self._more_set(kinds, has_license=has_license)

    def _choices_set(self, parents: list[Company], kinds: list[CompanyKind]) -> None:
        parent, kind = self.fields["parent"], self.fields["kind"]
        if isinstance(parent, forms.ModelChoiceField) and isinstance(kind, forms.ChoiceField):
            parent.queryset = Company.objects.filter(pk__in=[one.pk for one in parents]).order_by("name")
            kind.choices = [(one.value, one.label) for one in kinds]
        if len(parents) == 1:
            parent.initial, parent.widget = parents[0].uid, forms.HiddenInput()
        if len(kinds) == 1:
            kind.initial, kind.widget = kinds[0].value, forms.HiddenInput()

    def _more_set(self, kinds: Iterable[CompanyKind], *, has_license: bool) -> None:
        if has_license and CompanyKind.CUSTOMER in kinds:
            self.fields["takes_seats"] = forms.BooleanField(
                label=_("Computers take seats of the shared license"),
                required=False,
                initial=True,
                help_text=_("What is in use is billed (a flexible agreement). A fixed number can be promised later."),
                widget=forms.CheckboxInput(attrs={"data-shown-when": f"kind={CompanyKind.CUSTOMER}"}),
            )
        if set(kinds) - {CompanyKind.CUSTOMER, CompanyKind.DIVISION}:
            self._seller_fields_set()
        self.fields["tags"] = TagsField()
        self.fields["description"] = forms.CharField(
            label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
        )

    def _seller_fields_set(self) -> None:
        sellers = {"data-shown-when": f"kind={SELLERS}"}
        managed = {"data-shown-when": f"kind={CompanyKind.MANAGED_MSP}"}
        self.fields["contact_email"] = forms.EmailField(
            label=_("Invite its owner"),
            required=False,
            help_text=_("You get a link to hand over. The company waits until the invitation is accepted."),
            widget=forms.EmailInput(attrs=sellers),
        )
        self.fields["is_trusted"] = forms.BooleanField(
            label=_("Trusted: orders and adds customers without asking you"),
            required=False,
            initial=True,
            widget=forms.CheckboxInput(attrs=managed),
        )
        self.fields.update(permission_fields(attrs=sellers))

    def clean(self) -> dict[str, Any]:
        """Leave out what says nothing, so that what is inherited stays inherited."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") != CompanyKind.MANAGED_MSP:
            cleaned.pop("is_trusted", None)
        if cleaned.get("kind") not in SELLERS.split("|"):
            for name in ("allowed_bundles", "is_trial_allowed", "contact_email"):
                cleaned.pop(name, None)
        if not cleaned.get("country"):
            cleaned.pop("country", None)
        return cleaned


def permission_fields(*, attrs: dict[str, str] | None = None) -> dict[str, forms.Field]:
    """What the company above permits: products and trials."""
    return {
        "allowed_bundles": BundlesField(attrs=attrs),
        "is_trial_allowed": forms.BooleanField(
            label=_("May have trials"), required=False, initial=True, widget=forms.CheckboxInput(attrs=attrs)
        ),
    }


class BundlesField(forms.MultipleChoiceField):
    """Products that may be ordered; nothing ticked means no limit of its own."""

    def __init__(self, *, attrs: dict[str, str] | None = None) -> None:
        super().__init__(
            label=_("Allowed products"),
            required=False,
            choices=[(one.code, one.name) for one in bundle_list()],
            help_text=_("Nothing ticked: everything that is allowed above."),
            widget=forms.CheckboxSelectMultiple(attrs=attrs),
        )

    def clean(self, value: Any) -> list[str] | None:
        """The codes; None for no limit."""
        return list(super().clean(value)) or None


class CompanyEditForm(forms.Form):
    """Everything that can be changed of a company; an empty field erases."""

    def __init__(self, *args: Any, company: Company, decides: bool, **kwargs: Any) -> None:
        """Make it; `decides` is whether the viewer may change the company above, which sets trust and permissions."""
        super().__init__(*args, **kwargs)
        self._company = company
        self.fields["name"] = forms.CharField(label=_("Name"), max_length=rules.MAX_NAME_LENGTH)
        self.fields.update(plain_fields())
        self.fields["tags"] = TagsField()
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=[(name, name) for name in _zones(company.time_zone)]
        )
        self.fields["description"] = forms.CharField(
            label=_("Description"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
        )
        if decides and company.kind in SELLERS.split("|"):
            self.fields.update(permission_fields())
        for name in self.fields:
            self.initial.setdefault(name, getattr(company, name))

    @property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields in groups, with a heading each; groups without fields are left out."""
        groups = [
            (_("Company"), ("name", "custom_identifier", "vat_id", "tags", "time_zone", "description")),
            (_("Contact"), ("contact_name", "email", "phone")),
            (_("Address"), ("street", "postal_code", "city", "region", "country")),
            (_("What you permit"), tuple(sorted(OF_THE_PARENT))),
        ]
        found = [(title, [self[name] for name in names if name in self.fields]) for title, names in groups]
        return [(title, fields) for title, fields in found if fields]


def _zones(current: str) -> list[str]:
    names = list(time_zones())
    return names if current in names else [current, *names]


class NoteForm(forms.Form):
    """A note about a company."""

    text = forms.CharField(label=_("Note"), max_length=rules.MAX_NOTE_LENGTH, widget=forms.Textarea(attrs={"rows": 3}))


class TagForm(forms.Form):
    """One tag to be added or removed."""

    tag = forms.CharField(label=_("Tag"), max_length=rules.MAX_TAG_LENGTH)


class TargetForm(forms.Form):
    """Where companies shall stand."""

    target = forms.ModelChoiceField(label=_("New MSP"), queryset=Company.objects.none(), to_field_name="uid")
    license = forms.ModelChoiceField(
        label=_("Into the license"),
        queryset=License.objects.none(),
        to_field_name="uid",
        required=False,
        empty_label=_("the one that fits"),
    )

    def __init__(self, *args: Any, targets: Any, licenses: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target, license = self.fields["target"], self.fields["license"]
        if isinstance(target, forms.ModelChoiceField):
            target.queryset = targets
        if licenses is None or not licenses.exists():
            del self.fields["license"]
        elif isinstance(license, forms.ModelChoiceField):
            license.queryset = licenses


class TrustForm(forms.Form):
    """Whether a managed MSP asks first, and what becomes of what it asked for."""

    is_trusted = forms.BooleanField(
        label=_("Trusted"), required=False, help_text=_("Orders, changes seats and adds customers without asking you.")
    )
    approve_waiting = forms.BooleanField(label=_("Approve everything that waits"), required=False)

    def __init__(self, *args: Any, waiting: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not waiting:
            del self.fields["approve_waiting"]
        else:
            self.fields["approve_waiting"].widget.attrs["data-shown-when"] = "is_trusted=on"


class AnswerForm(forms.Form):
    """What to say with a yes or no."""

    answer = forms.CharField(
        label=_("What to say"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class AskOrderForm(forms.Form):
    """A license to be asked for."""

    about = forms.ModelChoiceField(label=_("For"), queryset=Company.objects.none(), to_field_name="uid")
    bundle_code = forms.ChoiceField(label=_("Bundle"), choices=[])
    quantity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=1_000_000, initial=25)
    reason = forms.CharField(label=_("Why"), max_length=500, required=False)

    def __init__(self, *args: Any, askers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        about, bundle = self.fields["about"], self.fields["bundle_code"]
        if isinstance(about, forms.ModelChoiceField) and isinstance(bundle, forms.ChoiceField):
            about.queryset, about.initial = askers, askers.first()
            bundle.choices = [(one.code, one.name) for one in bundle_list()]
