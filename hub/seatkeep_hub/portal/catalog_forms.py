"""Forms of the catalog: products, bundles, terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.licensing.bundles import MAX_RATIO, MAX_TIER
from seatkeep_hub.licensing.enums import Platform
from seatkeep_hub.licensing.models import Bundle, Product
from seatkeep_hub.licensing.products import MAX_CATEGORY, MAX_CODE, MAX_NAME

CODE_HINT = _("Small letters, digits and hyphens; programs and files know it by this, so it never changes.")


class ProductForm(forms.Form):
    """A product."""

    code = forms.SlugField(label=_("Code"), max_length=MAX_CODE, help_text=CODE_HINT)
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    category = forms.SlugField(
        label=_("Category"), max_length=MAX_CATEGORY, help_text=_("Seats of one category count for one price.")
    )
    platform = forms.ChoiceField(label=_("Runs on"), choices=Platform.choices)
    is_retired = forms.BooleanField(
        label=_("Retired: no longer sold"), required=False, help_text=_("Licenses that have it keep it.")
    )

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_retired" if is_new else "code"]


class BundleForm(forms.Form):
    """A bundle: one number per product that it holds."""

    code = forms.SlugField(label=_("Code"), max_length=MAX_CODE, help_text=CODE_HINT)
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME)
    category = forms.SlugField(
        label=_("Category"), max_length=MAX_CATEGORY, help_text=_("Licenses move up and down within it.")
    )
    tier = forms.IntegerField(
        label=_("Tier"), min_value=1, max_value=MAX_TIER, initial=1, help_text=_("A higher one is an upgrade.")
    )
    is_offered = forms.BooleanField(label=_("Can be ordered"), required=False, initial=True)
    successor = forms.ChoiceField(
        label=_("Successor"),
        required=False,
        help_text=_("What its licenses should move to; who has one is told on the dashboard."),
    )

    def __init__(
        self, *args: Any, products: Sequence[Product], others: Sequence[Bundle], is_new: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            del self.fields["successor"]
        else:
            del self.fields["code"]
            self._offer(others)
        self._codes = [one.code for one in products]
        for one in products:
            self.fields[f"ratio_{one.code}"] = forms.DecimalField(
                label=_("%(product)s per unit") % {"product": one.name},
                required=False,
                max_value=MAX_RATIO,
                min_value=Decimal("0.0001"),
                decimal_places=4,
            )

    def _offer(self, others: Sequence[Bundle]) -> None:
        field = self.fields["successor"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("None")), *((one.code, one.name) for one in others)]

    def wanted(self) -> dict[str, Any]:
        """Arguments of `bundle_set`."""
        data = dict(self.cleaned_data)
        ratios = {code: data.pop(f"ratio_{code}") for code in self._codes}
        return {**data, "products": {code: ratio for code, ratio in ratios.items() if ratio is not None}}


class TermsForm(forms.Form):
    """The next version of terms of use."""

    product = forms.ChoiceField(label=_("For"), required=False)
    title = forms.CharField(label=_("Title"), max_length=200)
    text = forms.CharField(label=_("Text"), max_length=100_000, widget=forms.Textarea(attrs={"rows": 12}))

    def __init__(self, *args: Any, products: Sequence[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["product"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("Everything")), *((one.code, one.name) for one in products)]


def bundle_initial(bundle: Bundle) -> Mapping[str, Any]:
    """What the form of a bundle begins with."""
    plain = {name: getattr(bundle, name) for name in ("name", "category", "tier", "is_offered")}
    ratios = {f"ratio_{line.product.code}": line.ratio.normalize() for line in bundle.lines.all()}
    return {**plain, "successor": bundle.successor.code if bundle.successor else "", **ratios}
