"""Forms of people, permission sets, API clients, invitations and leaving."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.roles import Role

from seatkeep_manager.console.group_places import GroupField
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import PermissionSet, StaticGroup, User
from seatkeep_manager.rights.enums import Choice
from seatkeep_manager.rights.left_items import Item
from seatkeep_manager.rights.models import MAX_IDLE_MINUTES, MIN_IDLE_MINUTES

LISTED = 1_000
"""At most so many groups are offered in a list; the API takes any."""
_NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


def what_choices(roles: Iterable[Role], sets: Iterable[PermissionSet]) -> list[tuple[Any, Any]]:
    """Ready-made roles and own sets: `role:TECHNICIAN` or `set:<uid>`, with their names."""
    ready = [(f"role:{role.value}", role.label) for role in roles]
    own = [(f"set:{one.uid}", one.name) for one in sets]
    return [(_("Ready-made roles"), ready), *([(_("Own permission sets"), own)] if own else [])]


class WhatForm(forms.Form):
    """A role or a set, and the group at which it holds."""

    what = forms.ChoiceField(
        label=_("Role or set"), choices=[], help_text=_("What each may stands under Users, Roles and permission sets.")
    )
    group = GroupField(
        label=_("At"),
        queryset=StaticGroup.objects.none(),
        to_field_name="uid",
        empty_label=None,
        help_text=_("It holds there and for everything below, also for what comes later. All is the whole console."),
    )

    def __init__(
        self, *args: Any, roles: list[Role], sets: list[PermissionSet], groups: QuerySet[StaticGroup], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._sets = {f"set:{one.uid}": one for one in sets}
        what, group = self.fields["what"], self.fields["group"]
        if isinstance(what, forms.ChoiceField) and isinstance(group, forms.ModelChoiceField):
            what.choices = what_choices(roles, sets)
            what.initial = f"role:{Role.TECHNICIAN}" if Role.TECHNICIAN in roles else None
            group.queryset = groups

    def given(self) -> dict[str, Any]:
        """`group`, `role` and `permission_set` as the services take them."""
        chosen: str = self.cleaned_data["what"]
        found = self._sets.get(chosen)
        role = "" if found else Role(chosen.removeprefix("role:"))
        return {"group": self.cleaned_data["group"], "role": role, "permission_set": found}


class InviteForm(WhatForm):
    """Somebody to be invited."""

    email = forms.EmailField(label=_("E-mail address"))
    field_order = ("email", "what", "group")


class ClientForm(WhatForm):
    """An API client: what for, what it may, and where."""

    name = forms.CharField(label=_("What is it for?"), max_length=100)
    field_order = ("name", "what", "group")


class HomeForm(forms.Form):
    """A person's home group."""

    group = GroupField(
        label=_("Home group"), queryset=StaticGroup.objects.none(), to_field_name="uid", required=False,
        empty_label=_("None"), help_text=_("Where stands what the person makes, unless they choose another group."),
    )  # fmt: skip

    def __init__(self, *args: Any, groups: QuerySet[StaticGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["group"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = groups


class SetForm(forms.Form):
    """A permission set: a level for each functionality."""

    name = forms.CharField(label=_("Name"), max_length=100)
    note = forms.CharField(label=_("What is it for?"), max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = list(reversed(AccessLevel.choices))
        for about in Functionality:
            self.fields[about.value] = forms.ChoiceField(
                label=about.label, choices=levels, initial=AccessLevel.NONE, widget=forms.RadioSelect, required=False
            )

    def levels(self) -> dict[str, str]:
        """Functionality → level, as the service takes them."""
        return {about.value: self.cleaned_data[about.value] or AccessLevel.NONE.value for about in Functionality}


class WhyForm(forms.Form):
    """Where, what about, how far."""

    group = GroupField(label=_("At"), queryset=StaticGroup.objects.none(), to_field_name="uid", empty_label=None)
    functionality = forms.ChoiceField(
        label=_("May this person work with …"), choices=Functionality.choices, initial=Functionality.GROUPS
    )
    level = forms.ChoiceField(
        label=_("How far"),
        choices=[one for one in reversed(AccessLevel.choices) if one[0] != AccessLevel.NONE],
        initial=AccessLevel.READ,
    )

    def __init__(self, *args: Any, groups: QuerySet[StaticGroup], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["group"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = groups


class SignInRuleForm(forms.Form):
    """How people have to sign in."""

    requires_second_factor = forms.BooleanField(
        label=_("Everyone must have a second factor"),
        required=False,
        help_text=_("Who signs in here and has none reaches only the page to set it up, from the next click on."),
    )
    idle_minutes = forms.IntegerField(
        label=_("Sign out after so many minutes without a click"),
        required=False,
        min_value=MIN_IDLE_MINUTES,
        max_value=MAX_IDLE_MINUTES,
        help_text=_("Empty: a session lasts 14 days."),
    )


class JoinForm(forms.Form):
    """A person accepts an invitation: name, and a password typed twice and judged by the password rules."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    password = forms.CharField(
        label=_("Password"), widget=_NEW_PASSWORD, strip=False, max_length=200,
        help_text=_("At least 12 characters. A sentence is easier to remember than signs."),
    )  # fmt: skip
    again = forms.CharField(label=_("Password again"), widget=_NEW_PASSWORD, strip=False, max_length=200)

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_password(self) -> str:
        """Judge it by the rules, with name and address as what it must not resemble."""
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self._email, name=self.cleaned_data.get("name", "")))
        return password

    def clean_again(self) -> str:
        """Both must be the same."""
        again: str = self.cleaned_data["again"]
        if self.cleaned_data.get("password") not in (None, again):
            raise ValidationError(_("The two passwords differ."))
        return again


class LeaveForm(forms.Form):
    """A choice per thing that somebody who leaves has made."""

    def __init__(self, *args: Any, items: list[Item], heirs: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items = items
        for item in items:
            words = [(one.value, one.label) for one in item.choices]
            self.fields[f"choice-{item.uid}"] = forms.ChoiceField(
                label=f"{item.kind.label}: {item.name} · {item.place}", choices=words, initial=item.choices[0].value
            )
            if Choice.HAND_OVER in item.choices:
                self.fields[f"heir-{item.uid}"] = forms.ModelChoiceField(
                    label=_("If handed over: to whom"), queryset=heirs, required=False, to_field_name="uid"
                )

    @property
    def decisions(self) -> dict[UUID, tuple[Choice, User | None]]:
        """By the thing's id: what becomes of it, and who takes it over."""
        found = {}
        for item in self.items:
            choice = Choice(self.cleaned_data[f"choice-{item.uid}"])
            heir = self.cleaned_data.get(f"heir-{item.uid}") if choice == Choice.HAND_OVER else None
            found[item.uid] = (choice, heir)
        return found
