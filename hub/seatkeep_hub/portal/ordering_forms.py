"""Forms of orders, later changes, suspension, trials and other bundles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.enums import Lapse, LicenseKind, Overuse
from seatkeep_hub.licensing.models import Bundle, BundleProduct, License
from seatkeep_hub.licensing.services import MAX_QUANTITY
from seatkeep_hub.ordering.models import TermsText

NOW, LATER = "NOW", "LATER"
WHEN_LATER = {"data-shown-when": f"when={LATER}", "type": "date"}
WHEN_GROWING = {"data-shown-when": f"overuse={Overuse.AUTO_GROW}"}
WHEN_STOPPING = {"data-shown-when": "stops_protection=on", "type": "date"}


class OverusePart(forms.Form):
    """What happens when the seats run out."""

    overuse = forms.ChoiceField(
        label=_("When the seats run out"), choices=Overuse.choices, initial=Overuse.ALLOW_AND_ALERT
    )
    grow_ceiling = forms.IntegerField(
        label=_("Grow up to"),
        min_value=1,
        max_value=MAX_QUANTITY,
        required=False,
        widget=forms.NumberInput(attrs=WHEN_GROWING),
        help_text=_("Seats are ordered and billed up to this number, and no further."),
    )

    def clean(self) -> dict[str, Any]:
        """A ceiling counts only where it is used."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("overuse") != Overuse.AUTO_GROW:
            cleaned["grow_ceiling"] = None
        return cleaned


class SiteLimitForm(forms.Form):
    """How many seats a site may take."""

    limit = forms.IntegerField(
        label=_("At most"),
        min_value=0,
        max_value=MAX_QUANTITY,
        required=False,
        help_text=_("Empty: as many as the customer has."),
    )


class OrderForm(OverusePart):
    """Several bundles, ordered at once: a number at each that is wanted."""

    owner = forms.ModelChoiceField(label=_("For"), queryset=Company.objects.none(), to_field_name="uid")
    kind = forms.ChoiceField(
        label=_("Terms"),
        choices=[(LicenseKind.MSP, _("Monthly")), (LicenseKind.TRIAL, _("Trial of 30 days"))],
        initial=LicenseKind.MSP,
        widget=forms.RadioSelect,
    )
    lapse = forms.ChoiceField(
        label=_("When a computer hears nothing for 30 days"), choices=Lapse.choices, initial=Lapse.KEEP_PROTECTING
    )

    def __init__(
        self, *args: Any, owners: QuerySet[Company], bundles: Sequence[Bundle], terms: Sequence[TermsText], **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.bundles, self.terms = bundles, terms
        owner = self.fields["owner"]
        if isinstance(owner, forms.ModelChoiceField):
            owner.queryset, owner.initial = owners, owners.first()
        for bundle in bundles:
            self.fields[_units(bundle)] = forms.IntegerField(
                label=bundle.name, min_value=0, max_value=MAX_QUANTITY, required=False, help_text=_holds(bundle)
            )
        for one in terms:
            self.fields[_accepts(one)] = forms.BooleanField(
                label=_("I accept: %(title)s, version %(version)s") % {"title": one.title, "version": one.version},
                required=False,
                help_text=format_html(
                    '<a href="{}" target="_blank" rel="noopener">{}</a>', _terms_url(one), _("Read the text")
                ),
            )
        rest = [_units(one) for one in bundles]
        self.order_fields(["owner", *rest, "kind", "overuse", "grow_ceiling", "lapse", *map(_accepts, terms)])

    def clean(self) -> dict[str, Any]:
        """At least one bundle is wanted."""
        cleaned = super().clean()
        cleaned["units"] = {one.code: cleaned[_units(one)] for one in self.bundles if cleaned.get(_units(one))}
        cleaned["accepted"] = [one.uid for one in self.terms if cleaned.get(_accepts(one))]
        if not cleaned["units"] and not self.errors:
            first = _units(self.bundles[0]) if self.bundles else None
            self.add_error(first, _("Type a number of seats at one of them."))
        return cleaned


class SeatsForm(forms.Form):
    """Another number of seats, now or from a day on."""

    quantity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=MAX_QUANTITY)
    when = forms.ChoiceField(
        label=_("When"),
        choices=[(NOW, _("Now")), (LATER, _("Later"))],
        initial=NOW,
        required=False,
        widget=forms.RadioSelect,
    )
    due_on = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput(attrs=WHEN_LATER),
        help_text=_("From the first minute of this day. You are told seven days before. No computer is stopped by it."),
    )
    note = forms.CharField(label=_("Why"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """Later needs a day."""
        cleaned: dict[str, Any] = super().clean() or {}
        is_later = cleaned.get("when") == LATER
        if is_later and not cleaned.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", _("Choose the day."))
        cleaned["due_on"] = cleaned.get("due_on") if is_later else None
        return cleaned


class SeatOrderForm(forms.Form):
    """Seats of several products for one customer: a number at each that is wanted."""

    note = forms.CharField(label=_("Why"), max_length=500, required=False)

    def __init__(self, *args: Any, lines: Sequence[BundleProduct], licenses: Sequence[License], **more: Any) -> None:
        super().__init__(*args, **more)
        self.offers = [(license, line) for license in licenses for line in lines if line.bundle_id == license.bundle_id]
        self.agreed: dict[tuple[int, int], Agreement] = {}
        for license, line in self.offers:
            self.fields[f"seats_{license.pk}_{line.product_id}"] = forms.IntegerField(
                label=_("%(product)s, license %(license)s") % {"product": line.product, "license": license.public_id},
                min_value=1,
                max_value=MAX_QUANTITY,
                required=False,
            )
        self.order_fields([*(name for name in self.fields if name != "note"), "note"])

    def show(self, agreements: Sequence[Agreement]) -> None:
        """Say at each line what holds now."""
        for one in agreements:
            field = self.fields.get(f"seats_{one.license_id}_{one.product_id}")
            if field is not None:
                self.agreed[one.license_id, one.product_id] = one
                is_fixed = one.mode == "FIXED"
                words = _("Now fixed %(count)s, %(used)s in use.") if is_fixed else _("Now flexible, %(used)s in use.")
                field.help_text = words % {"count": one.quantity, "used": one.node.used}

    def clean(self) -> dict[str, Any]:
        """At least one number is given."""
        cleaned: dict[str, Any] = super().clean() or {}
        wanted = [
            (license, line.product, cleaned[f"seats_{license.pk}_{line.product_id}"])
            for license, line in self.offers
            if cleaned.get(f"seats_{license.pk}_{line.product_id}")
        ]
        if not wanted and not self.errors:
            self.add_error(None, _("Type a number of seats at one of them."))
        cleaned["wanted"] = wanted
        return cleaned


class SuspendForm(forms.Form):
    """In which ways a license is suspended."""

    stops_billing = forms.BooleanField(
        label=_("Stop billing"), required=False, initial=True, help_text=_("From tomorrow on; today is still billed.")
    )
    freezes_changes = forms.BooleanField(
        label=_("Freeze changes"),
        required=False,
        initial=True,
        help_text=_("No other number of seats and no new computer. Those that have a seat keep it."),
    )
    stops_protection = forms.BooleanField(
        label=_("Stop protection on a date"),
        required=False,
        help_text=_("Only this touches computers. Within six hours of that moment their protection ends."),
    )
    protection_stops_on = forms.DateField(
        label=_("Protection ends as this day begins"), required=False, widget=forms.DateInput(attrs=WHEN_STOPPING)
    )
    note = forms.CharField(label=_("Why"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """At least one way, and a day for protection."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not any(cleaned.get(name) for name in ("stops_billing", "freezes_changes", "stops_protection")):
            self.add_error("stops_billing", _("Choose at least one."))
        is_stopping = cleaned.get("stops_protection")
        if is_stopping and not cleaned.get("protection_stops_on") and "protection_stops_on" not in self.errors:
            self.add_error("protection_stops_on", _("Choose the day."))
        return cleaned

    def protection_stops_at(self, zone: str) -> datetime | None:
        """The moment at which protection ends, in the owner's time zone; None for never."""
        day = self.cleaned_data.get("protection_stops_on") if self.cleaned_data.get("stops_protection") else None
        return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)) if day else None


class QuantityForm(forms.Form):
    """A number of seats, and why."""

    quantity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=MAX_QUANTITY)
    note = forms.CharField(label=_("Why"), max_length=500, required=False)


class KeyForm(forms.Form):
    """What becomes of computers when the key is replaced."""

    KEEP, END = "KEEP", "END"
    leases = forms.ChoiceField(
        label=_("Computers that are activated"), choices=[], initial=KEEP, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, used: int, **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["leases"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [
                (self.KEEP, _("go on; only the key is another")),
                (self.END, _("are stopped, all %(count)s of them, and activated anew") % {"count": used}),
            ]


class BundleForm(QuantityForm):
    """Another bundle, with its seats."""

    bundle_code = forms.ChoiceField(label=_("Move to"), choices=[])

    field_order = ("bundle_code", "quantity", "note")

    def __init__(self, *args: Any, ups: Sequence[Bundle], downs: Sequence[Bundle], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["bundle_code"]
        if isinstance(field, forms.ChoiceField):
            groups = ((_("Upgrade"), ups), (_("Downgrade"), downs))
            field.choices = [
                (label, [(one.code, f"{one.name}: {_holds(one)}") for one in found]) for label, found in groups if found
            ]


def _units(bundle: Bundle) -> str:
    return f"units_{bundle.code}"


def _accepts(one: TermsText) -> str:
    return f"terms_{one.uid}"


def _terms_url(one: TermsText) -> str:
    return reverse("portal:terms", args=[one.uid])


def _holds(bundle: Bundle) -> str:
    lines = sorted(bundle.lines.all(), key=lambda line: line.product.name)
    return ", ".join(
        str(line.product) if line.ratio == 1 else f"{line.product} × {line.ratio.normalize():f}" for line in lines
    )
