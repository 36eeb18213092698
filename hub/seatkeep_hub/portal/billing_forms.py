"""Forms about prices and statements."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.identity import time_zones

from seatkeep_hub.agreements.day_clocks import Clocks
from seatkeep_hub.billing.enums import Basis, PriceUnit, Proration
from seatkeep_hub.billing.models import PriceList
from seatkeep_hub.billing.money import NotAPriceError, is_currency, minor_of, price_text
from seatkeep_hub.billing.rules import Tier
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.selectors import product_list

TIER = re.compile(r"(\d+)\s*\+\s*(.+)", re.DOTALL)


class MonthField(forms.Field):
    """A month, as its first day."""

    widget = forms.TextInput(attrs={"type": "month"})

    def to_python(self, value: Any) -> date | None:
        """Read `2027-03`."""
        try:
            return date.fromisoformat(f"{value}-01") if value else None
        except ValueError:
            raise forms.ValidationError(_("A month, such as 2027-03.")) from None

    def prepare_value(self, value: Any) -> Any:
        """Show `2027-03`."""
        return f"{value:%Y-%m}" if isinstance(value, date) else value


class PriceForm(forms.Form):
    """A price list: how is billed, and one line of prices per product."""

    seller = forms.ModelChoiceField(label=_("Seller"), queryset=Company.objects.none(), to_field_name="uid")
    valid_from_on = MonthField(label=_("From"))
    currency = forms.CharField(label=_("Currency"), max_length=3, initial="EUR")
    basis = forms.ChoiceField(label=_("What is billed"), choices=Basis.choices, initial=Basis.AGREED)
    unit = forms.ChoiceField(label=_("Price per"), choices=PriceUnit.choices, initial=PriceUnit.SEAT_MONTH)
    proration = forms.ChoiceField(label=_("Part of a month"), choices=Proration.choices, initial=Proration.DAILY)
    minimum = forms.CharField(label=_("Minimum a month"), max_length=20, required=False)
    cut_off = forms.TimeField(
        label=_("A day ends at"),
        initial="00:00",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("A day bears the date that holds more of it."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, sellers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seller = self.fields["seller"]
        if isinstance(seller, forms.ModelChoiceField):
            seller.queryset, seller.initial = sellers, sellers.first()
        zone = self.fields["time_zone"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [("", _("The seller's")), *((name, name) for name in time_zones())]
        self._codes = [one.code for one in product_list()]
        for product in product_list():
            self.fields[f"price_{product.code}"] = forms.CharField(
                label=product.name,
                max_length=400,
                required=False,
                widget=forms.TextInput(attrs={"placeholder": "3.50; 50+ 3.10; 200+ 2.80"}),
                help_text=_("The price of one seat; after a semicolon, prices from a number of seats on."),
            )

    def clean(self) -> dict[str, Any]:
        """Prices as tiers, in minor units; an empty line is a product that is not sold."""
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["cut_off"] = cleaned.get("cut_off") or time()
        cleaned["currency"] = currency = str(cleaned.get("currency", "")).upper()
        if not is_currency(currency):
            self.add_error("currency", _("Three letters, such as EUR."))
            return cleaned
        cleaned["tiers"] = {}
        for code in self._codes:
            text = cleaned.pop(f"price_{code}", "")
            if text:
                self._read_into(cleaned["tiers"], code, text, currency)
        cleaned["minimum_minor"] = self._minimum(cleaned.pop("minimum", ""), currency)
        if not cleaned["tiers"] and not self.errors:
            self.add_error(None, _("Set the price of at least one product."))
        return cleaned

    def _read_into(self, tiers: dict[str, list[Tier]], code: str, text: str, currency: str) -> None:
        try:
            tiers[code] = tiers_read(text, currency)
        except NotAPriceError:
            self.add_error(f"price_{code}", _("Such as 3.50, or 3.50; 50+ 3.10."))

    def _minimum(self, text: str, currency: str) -> int:
        try:
            return int(minor_of(text, currency)) if text else 0
        except NotAPriceError:
            self.add_error("minimum", _("An amount, such as 25 or 25.00."))
            return 0


class CloseForm(forms.Form):
    """The total that the person looked at."""

    total_minor = forms.IntegerField(widget=forms.HiddenInput)


class CorrectionForm(forms.Form):
    """A signed amount, and why."""

    amount = forms.CharField(
        label=_("Amount"), max_length=20, help_text=_("With a minus where it is in the buyer's favor.")
    )
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("The buyer reads this on the statement."))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": currency}

    def clean_amount(self) -> int:
        """Minor units."""
        try:
            minor = minor_of(self.cleaned_data["amount"], self._currency)
        except NotAPriceError:
            raise forms.ValidationError(_("An amount, such as -1.50.")) from None
        if minor != int(minor):
            raise forms.ValidationError(_("Finer than the currency."))
        return int(minor)


def tiers_read(text: str, currency: str) -> list[Tier]:
    """Read `3.50; 50+ 3.10` as tiers.

    Raises:
        NotAPriceError: A part is neither a price nor a price from a number on.
    """
    tiers = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = TIER.fullmatch(part)
        start, price = (int(match[1]), match[2]) if match else (1, part)
        tiers.append(Tier(start, minor_of(price, currency)))
    return tiers


def tiers_text(tiers: list[tuple[int, Decimal]], currency: str) -> str:
    """Write tiers as they are read."""
    return "; ".join(price_text(price, currency) if start == 1 else f"{start}+ {price_text(price, currency)}"
                     for start, price in tiers)  # fmt: skip


def prices_initial(found: PriceList) -> dict[str, object]:
    """A price list as its form shows it."""
    lines: dict[str, list[tuple[int, Decimal]]] = {}
    clock = Clocks(found.seller, found.buyer).on(found.valid_from_on)
    for price in found.prices.select_related("product"):
        lines.setdefault(price.product.code, []).append((price.from_seats, price.price_minor))
    return {
        "seller": found.seller,
        "valid_from_on": found.valid_from_on,
        "currency": found.currency,
        "basis": found.basis,
        "unit": found.unit,
        "proration": found.proration,
        "minimum": price_text(Decimal(found.minimum_minor), found.currency) if found.minimum_minor else "",
        "cut_off": clock.cut_off,
        "time_zone": "" if clock.time_zone == found.seller.time_zone else clock.time_zone,
        **{f"price_{code}": tiers_text(tiers, found.currency) for code, tiers in lines.items()},
    }
