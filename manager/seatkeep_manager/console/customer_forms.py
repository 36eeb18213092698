"""Forms about customers: set-up, templates, tags, leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from seatkeep_manager.console.dialogs import CarryForm
from seatkeep_manager.console.forms import lines_of
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.policies.models import Policy

_KEY_HINT = _("For RMM, group policy and images. It does not expire and can be revoked.")
_TAGS_HINT = _("Separated by commas.")

if TYPE_CHECKING:
    _TemplateChoice = forms.ModelChoiceField[CustomerTemplate]
    _PolicyChoice = forms.ModelMultipleChoiceField[Policy]
else:
    _TemplateChoice = forms.ModelChoiceField
    _PolicyChoice = forms.ModelMultipleChoiceField


class TagsField(forms.CharField):
    """Tags as one line, separated by commas."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Tags"), "required": False, "help_text": _TAGS_HINT, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """The line that shows a list."""
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """The list."""
        return [tag.strip() for tag in super().clean(value).split(",") if tag.strip()]


class GroupsField(forms.CharField):
    """Names of groups, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        given = {"label": _("Groups"), "required": False, "widget": forms.Textarea(attrs={"rows": 3})}
        super().__init__(**{**given, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """The lines that show a list."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        """Names without doubles, in the given order."""
        return list(dict.fromkeys(lines_of(super().clean(value))))


class SetUpForm(forms.Form):
    """The set-up of one customer on one page; choosing a template fills in what it says."""

    template = _TemplateChoice(
        label=_("Template"), queryset=CustomerTemplate.objects.order_by("name"), empty_label=None
    )
    groups = GroupsField(help_text=_("One group a line, made below the customer's own group. Empty: none."))
    makes_key = forms.BooleanField(label=_("Make a deployment key"), required=False, help_text=_KEY_HINT)
    policies = _PolicyChoice(
        label=_("Policies"), queryset=Policy.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    tags = TagsField()
    folded = ("policies", "tags")
    folded_label = _("Policies and tags")

    def __init__(self, *args: Any, policies: QuerySet[Policy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policies"].queryset = policies  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
        self.fields["template"].widget.attrs |= {
            "hx-get": "", "hx-trigger": "change", "hx-target": "#setup-form", "hx-select": "#setup-form",
            "hx-swap": "outerHTML",
        }  # fmt: skip


def plan_initial(template: CustomerTemplate) -> dict[str, Any]:
    """What the form of a set-up shows for a template."""
    return {
        "template": template,
        "groups": template.groups,
        "makes_key": template.makes_key,
        "policies": list(template.policies.filter(deleted_at__isnull=True)),
        "tags": template.tags,
    }


class SetUpManyForm(CarryForm):
    """The template that every chosen customer gets."""

    template = _TemplateChoice(
        label=_("Template"), queryset=CustomerTemplate.objects.none(), empty_label=None, widget=forms.RadioSelect
    )

    def __init__(self, request: HttpRequest, *, templates: Iterable[CustomerTemplate], **kwargs: Any) -> None:
        super().__init__(request, **kwargs)
        field: Any = self.fields["template"]
        field.queryset = templates
        field.label_from_instance = template_words


def template_words(template: CustomerTemplate) -> str:
    """A template with what it gives, in one line."""
    parts = [", ".join(template.groups), ", ".join(policy.name for policy in template.policies.all())]
    parts += [str(_("deployment key")) if template.makes_key else "", ", ".join(template.tags)]
    said = " · ".join(part for part in parts if part)
    return f"{template.name}: {said}" if said else template.name


class TemplateForm(forms.Form):
    """A template for customers to come."""

    name = forms.CharField(label=_("Name"), max_length=100)
    groups = GroupsField(help_text=_("One group a line, made below each customer's own group."))
    makes_key = forms.BooleanField(label=_("Make a deployment key"), required=False, initial=True, help_text=_KEY_HINT)
    daily_cap = forms.IntegerField(
        label=_("New computers a day"),
        min_value=1,
        max_value=100_000,
        initial=200,
        help_text=_("More than that by one key wait for approval."),
    )
    policies = _PolicyChoice(
        label=_("Policies"), queryset=Policy.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    tags = TagsField()

    def __init__(self, *args: Any, policies: QuerySet[Policy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["policies"].queryset = policies  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        given = dict(self.cleaned_data)
        return given | {"policy_ids": [policy.pk for policy in given.pop("policies")]}


class TagsForm(forms.Form):
    """The tags of one customer."""

    tags = TagsField()


class RmmForm(forms.Form):
    """Which file an RMM takes."""

    kind = forms.ChoiceField(
        label=_("File"), choices=[("xlsx", _("Spreadsheet (XLSX)")), ("csv", "CSV")], widget=forms.RadioSelect
    )


class OffboardForm(forms.Form):
    """The days of a customer's leave, what becomes of the product, and its name typed to be sure."""

    last_day = forms.DateField(label=_("Last day of the contract"), widget=forms.DateInput(attrs={"type": "date"}))
    protect_until = forms.DateField(
        label=_("Protect until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("On this day the work begins and computers are told to stop. Today means now."),
    )
    bill_until = forms.DateField(
        label=_("Bill until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Fixed agreements count through this day; what is billed by use ends with the seats."),
    )
    product = forms.ChoiceField(
        label=_("On the computers"),
        choices=[
            ("remove", _("Remove the agent and the protection product")),
            ("keep", _("Remove the agent; leave the product installed, without a license")),
        ],
        widget=forms.RadioSelect,
        initial="remove",
        required=False,
    )
    name = forms.CharField(label=_("Type the customer's name to go on"), max_length=300)

    def __init__(self, *args: Any, customer_name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer_name = customer_name

    def clean_name(self) -> str:
        """The name as it stands."""
        name = str(self.cleaned_data["name"]).strip()
        if name != self.customer_name.strip():
            raise forms.ValidationError(_("This is not the customer's name."))
        return name

    def plan(self) -> dict[str, Any]:
        """What the service takes."""
        days = {name: self.cleaned_data[name] for name in ("last_day", "protect_until", "bill_until")}
        return days | {"keeps_product": self.cleaned_data["product"] == "keep"}
