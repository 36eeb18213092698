"""Forms about people: invite, role, access, sign-in rules, leaving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.roles import ROLES, AccessLevel, Role

from seatkeep_hub.companies.explaining import Act
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.instances.scopes import SCOPES, Capability
from seatkeep_hub.people.enums import Choice
from seatkeep_hub.people.left_items import Item
from seatkeep_hub.people.models import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES

LISTED = 500
PRICES = [("", _("As the role says")), ("yes", _("Shown")), ("no", _("Hidden"))]


def role_choices(roles: list[Role]) -> list[tuple[str, str]]:
    """Roles with what each may, in one line."""
    return [(role.value, f"{role.label} – {ROLES[role].summary}") for role in roles]


class PlacesForm(forms.Form):
    """A role, and for which customers it holds."""

    role = forms.ChoiceField(label=_("Role"), choices=[], widget=forms.RadioSelect)
    reach = forms.ChoiceField(
        label=_("For"),
        choices=[("all", _("All customers, also those that come later")), ("list", _("Only these"))],
        initial="all",
        widget=forms.RadioSelect,
    )
    customers = forms.ModelMultipleChoiceField(
        label=_("Customers"),
        queryset=Company.objects.none(),
        required=False,
        to_field_name="uid",
        widget=forms.CheckboxSelectMultiple,
    )
    prices = forms.ChoiceField(label=_("Prices"), choices=PRICES, required=False)

    def __init__(self, *args: Any, roles: list[Role], customers: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role, below = self.fields["role"], self.fields["customers"]
        if isinstance(role, forms.ChoiceField) and isinstance(below, forms.ModelMultipleChoiceField):
            role.choices = role_choices(roles)
            role.initial = Role.TECHNICIAN if Role.TECHNICIAN in roles else roles[-1]
            below.queryset = customers
        if not customers.exists():
            del self.fields["reach"], self.fields["customers"]

    def clean(self) -> dict[str, Any]:
        """A list needs somebody on it; `sees_prices` and `customers` come out as the services take them."""
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = list(cleaned.get("customers") or [])
        if cleaned.get("reach") == "list" and not chosen:
            self.add_error("customers", ValidationError(_("Choose at least one customer.")))
        cleaned["customers"] = chosen if cleaned.get("reach") == "list" else []
        cleaned["sees_prices"] = {"yes": True, "no": False}.get(cleaned.get("prices", ""))
        return cleaned


class InviteForm(PlacesForm):
    """A person to be invited."""

    company = forms.ModelChoiceField(label=_("Works for"), queryset=Company.objects.none(), to_field_name="uid")
    email = forms.EmailField(label=_("E-mail address"))
    field_order = ("company", "email", "role", "reach", "customers", "prices")

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = companies
        if companies.count() == 1:
            field.initial = companies.get().uid
            field.widget = forms.HiddenInput()


class AccessForm(forms.Form):
    """Advanced: what a person may do with one company or several, and everything below."""

    level = forms.ChoiceField(
        label=_("Access"), choices=[("", _("As above (inherited)")), *AccessLevel.choices], required=False
    )
    role = forms.ChoiceField(label=_("Role"), choices=[], help_text=_("Says which rights come with the access."))
    prices = forms.ChoiceField(label=_("Prices"), choices=PRICES, required=False)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(role.value, role.label) for role in roles]
            field.initial = Role.TECHNICIAN if Role.TECHNICIAN in roles else roles[-1]

    @property
    def wanted(self) -> dict[str, Any]:
        """Level, role and prices as the service takes them; nothing for "as above"."""
        if not self.cleaned_data["level"]:
            return {}
        prices = {"yes": True, "no": False}.get(self.cleaned_data["prices"])
        return {
            "level": AccessLevel(self.cleaned_data["level"]),
            "role": Role(self.cleaned_data["role"]),
            "sees_prices": prices,
        }


class PersonForm(forms.Form):
    """Name and switches of a person."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    is_contact = forms.BooleanField(label=_("Contact person of the company"), required=False)
    may_use_api = forms.BooleanField(
        label=_("May use the API"),
        required=False,
        help_text=_("Call it in their own name, and make API clients where their role allows it."),
    )


class WhyForm(forms.Form):
    """A company and an act."""

    company = forms.ModelChoiceField(label=_("Company"), queryset=Company.objects.none(), to_field_name="uid")
    act = forms.ChoiceField(label=_("May this person …"), choices=Act.choices, initial=Act.VIEW)

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = companies


class SignInRuleForm(forms.Form):
    """How people of a company have to sign in."""

    requires_second_factor = forms.BooleanField(
        label=_("Everyone must have a second factor"),
        required=False,
        help_text=_("Who has none reaches only the page to set it up, from the next click on."),
    )
    idle_minutes = forms.IntegerField(
        label=_("Sign out after so many minutes without a click"),
        required=False,
        min_value=MIN_IDLE_MINUTES,
        max_value=MAX_IDLE_MINUTES,
        help_text=_("Empty: a session lasts 14 days."),
    )


class TokenForm(forms.Form):
    """An API client: what it is for, what it may, until when."""

    company = forms.ModelChoiceField(label=_("Company"), queryset=Company.objects.none(), to_field_name="uid")
    name = forms.CharField(label=_("What is it for?"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Changing includes reading. Nothing else of the API is open to it."),
    )
    expires_at = forms.DateTimeField(
        label=_("Ends"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: when somebody revokes it."),
    )

    def __init__(self, *args: Any, companies: QuerySet[Company], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company, scopes = self.fields["company"], self.fields["scopes"]
        if isinstance(company, forms.ModelChoiceField) and isinstance(scopes, forms.MultipleChoiceField):
            company.queryset = companies
            scopes.choices = [(one, scope_words(one)) for one in SCOPES]


class LeaveForm(forms.Form):
    """A choice per thing that somebody who leaves has made."""

    def __init__(self, *args: Any, items: list[Item], heirs: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items, self.heirs = items, heirs
        for item in items:
            words = [(one.value, one.label) for one in item.choices]
            self.fields[f"choice-{item.uid}"] = forms.ChoiceField(
                label=f"{item.kind.label}: {item.name}", choices=words, initial=item.choices[0].value
            )
            if Choice.HAND_OVER in item.choices:
                self.fields[f"heir-{item.uid}"] = forms.ModelChoiceField(
                    label=_("If handed over: to whom"), queryset=heirs, required=False, to_field_name="uid"
                )

    @property
    def decisions(self) -> dict[Any, tuple[Choice, User | None]]:
        """By the thing's id: what becomes of it, and who takes it over."""
        found = {}
        for item in self.items:
            choice = Choice(self.cleaned_data[f"choice-{item.uid}"])
            heir = self.cleaned_data.get(f"heir-{item.uid}") if choice == Choice.HAND_OVER else None
            found[item.uid] = (choice, heir)
        return found


def scope_words(scope: str) -> str:
    """Say a scope: "Licenses, orders and agreements: read"."""
    capability, _colon, verb = scope.partition(":")
    verbs = {"read": _("read"), "write": _("read and change")}
    return f"{Capability(capability).label}: {verbs[verb]}"
