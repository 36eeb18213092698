"""Forms of the pages; the rules live in the services, the forms only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.totp.internal.auth import validate_totp_code
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.identity import time_zones

from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.portal.enums import UseMode

NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class PasswordPairForm(forms.Form):
    """A new password, typed twice and judged by the password rules."""

    password = forms.CharField(
        label=_("Password"),
        widget=NEW_PASSWORD,
        strip=False,
        max_length=200,
        help_text=_("At least 12 characters. A sentence is easier to remember than signs."),
    )
    again = forms.CharField(label=_("Password again"), widget=NEW_PASSWORD, strip=False, max_length=200)

    def clean_password(self) -> str:
        """Judge it by the rules, with the other fields as what it must not resemble."""
        password: str = self.cleaned_data["password"]
        person = User(email=self.cleaned_data.get("email", ""), name=self.cleaned_data.get("name", ""))
        validate_password(password, person)
        return password

    def clean_again(self) -> str:
        """Both must be the same."""
        again: str = self.cleaned_data["again"]
        if self.cleaned_data.get("password") not in (None, again):
            raise ValidationError(_("The two passwords differ."))
        return again


class OwnerForm(PasswordPairForm):
    """First run: who owns this server."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail address"),
        help_text=_("You sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    field_order = ("name", "email", "password", "again")


class SecondFactorForm(forms.Form):
    """First run: a code of the authenticator app, or "later"."""

    code = forms.CharField(
        label=_("Code from the app"),
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )
    later = forms.BooleanField(
        label=_("Do this later"),
        required=False,
        help_text=_("A card on the dashboard will remind you until it is done."),
    )

    def __init__(
        self, *args: Any, secret: str, accepted: str | None, remember: Callable[[str], None], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._secret, self._accepted, self._remember = secret, accepted, remember

    def clean(self) -> dict[str, Any]:
        """A right code, unless it shall be done later."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("later"):
            return cleaned
        code = cleaned.get("code", "").replace(" ", "")
        if code and (code == self._accepted or validate_totp_code(self._secret, code)):
            self._remember(code)
        else:
            self.add_error("code", _("This code is not right. Check the clock of the phone, or choose “later”."))
        return cleaned


class UseForm(forms.Form):
    """First run: how Seatkeep will be used."""

    mode = forms.ChoiceField(
        label=_("How will you use Seatkeep?"),
        choices=UseMode.choices,
        initial=UseMode.ONE_MSP,
        widget=forms.RadioSelect,
    )
    company = forms.CharField(label=_("Name of your company"), max_length=200)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Days of usage end at midnight of this zone."), choices=[]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(name, name) for name in time_zones()]
            field.initial = settings.FIRST_TIME_ZONE
            if not self.is_bound:
                field.widget.attrs["data-browser-zone"] = True


class AddressForm(forms.Form):
    """First run: where people reach this server."""

    public_address = forms.URLField(
        label=_("Public address"),
        assume_scheme="https",
        help_text=_("What people type to reach Licensing. Links in invitations begin with it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["public_address"].initial = settings.LICENSING_URL


class MailForm(forms.Form):
    """First run: try the mail server, or skip."""

    send_test = forms.BooleanField(label=_("Send a test mail to my address"), required=False)


class AdminInviteForm(forms.Form):
    """A Security Admin to be invited by a license owner."""

    company = forms.ModelChoiceField(label=_("License owner"), queryset=Company.objects.none(), to_field_name="uid")
    email = forms.EmailField(label=_("E-mail address"))

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = companies


class JoinForm(PasswordPairForm):
    """A person accepts an invitation and becomes a user."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    field_order = ("name", "password", "again")


class ApproveLinkForm(forms.Form):
    """Which owner a console shall belong to."""

    company = forms.ModelChoiceField(
        label=_("The console belongs to"), queryset=Company.objects.none(), to_field_name="uid"
    )

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["company"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = companies
            field.initial = companies.first()


class NameForm(forms.Form):
    """Another name."""

    name = forms.CharField(label=_("Name"), max_length=200)
