"""Forms about licenses, agreements and seats."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.agreements.enums import AgreementMode, OnExceed
from seatkeep_hub.licensing.catalogue import WORKSTATION
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.selectors import product_list
from seatkeep_hub.licensing.services import MAX_QUANTITY

WHEN_FIXED = {"data-shown-when": f"mode={AgreementMode.FIXED}"}
WHEN_FLEXIBLE = {"data-shown-when": f"mode={AgreementMode.FLEXIBLE}"}


class AgreementForm(forms.Form):
    """What a customer agreed to for one product of one license."""

    license = forms.ModelChoiceField(label=_("Shared license"), queryset=License.objects.none(), to_field_name="uid")
    product_code = forms.ChoiceField(label=_("Product"), choices=[])
    mode = forms.ChoiceField(
        label=_("Agreement"), choices=AgreementMode.choices, initial=AgreementMode.FIXED, widget=forms.RadioSelect
    )
    quantity = forms.IntegerField(
        label=_("Seats, when fixed"),
        min_value=0,
        max_value=MAX_QUANTITY,
        required=False,
        help_text=_("Promised and billed."),
        widget=forms.NumberInput(attrs=WHEN_FIXED),
    )
    on_exceed = forms.ChoiceField(
        label=_("One more device than fixed"),
        choices=OnExceed.choices,
        required=False,
        widget=forms.Select(attrs=WHEN_FIXED),
    )
    warn_above = forms.IntegerField(
        label=_("Warn above, when flexible"),
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs=WHEN_FLEXIBLE),
    )
    stop_above = forms.IntegerField(
        label=_("Stop above, when flexible"),
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs=WHEN_FLEXIBLE),
    )

    def __init__(self, *args: Any, licenses: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        license, product = self.fields["license"], self.fields["product_code"]
        if isinstance(license, forms.ModelChoiceField) and isinstance(product, forms.ChoiceField):
            license.queryset, license.initial = licenses, licenses.first()
            product.choices = [(one.code, one.name) for one in product_list()]
            product.initial = WORKSTATION

    def clean(self) -> dict[str, Any]:
        """Numbers of the other kind are dropped, as nobody sees them."""
        cleaned: dict[str, Any] = super().clean() or {}
        is_fixed = cleaned.get("mode") == AgreementMode.FIXED
        cleaned["quantity"] = (cleaned.get("quantity") or 0) if is_fixed else 0
        cleaned["on_exceed"] = cleaned.get("on_exceed") or OnExceed.FLAG
        if is_fixed:
            cleaned["warn_above"] = cleaned["stop_above"] = None
        return cleaned


class OffboardForm(forms.Form):
    """The days of a leaving customer."""

    last_day = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))
    bill_until = forms.DateField(
        label=_("Bill until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Fixed agreements count through this day. What is billed by use ends today, with the seats."),
    )


LONGEST_PERIOD = timedelta(days=400)


class PeriodForm(forms.Form):
    """From one day to another, both included."""

    first = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """The first day comes first, and the period is not endless."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("This is before the first day."))
        elif first and last and last - first > LONGEST_PERIOD:
            self.add_error("last", _("At most 400 days can be shown."))
        return cleaned
