"""Forms about papers, files and what was sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.billing.enums import DateFormat, DecimalMark, ExportColumn, Separator
from seatkeep_hub.billing.layouts import USUAL_COLUMNS, LayoutWanted
from seatkeep_hub.billing.models import ExportLayout
from seatkeep_hub.companies.models import Company
from seatkeep_hub.licensing.selectors import product_list
from seatkeep_hub.portal.billing_forms import MonthField


class BillingSettingsForm(forms.Form):
    """How a seller closes its months, and the head of its papers."""

    letterhead = forms.CharField(
        label=_("Letterhead"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Below your name on each paper: address, tax id, bank."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/svg+xml"}),
        help_text=_("PNG or SVG, at most 256 kB. Texts, pictures and scripts inside an SVG are taken out."),
    )
    is_logo_removed = forms.BooleanField(label=_("Take the logo away"), required=False)
    is_second_person_needed = forms.BooleanField(
        label=_("A second person approves corrections"),
        required=False,
        help_text=_("Who enters a correction of a closed month cannot approve it."),
    )
    is_draft_mail_sent = forms.BooleanField(
        label=_("Mail when drafts are ready"),
        required=False,
        help_text=_("One mail a month to your people who may close months."),
    )


class LayoutForm(forms.Form):
    """A saved layout: a position beside each wanted column, and your own code of each product."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Such as the program that reads it."))
    separator = forms.ChoiceField(label=_("Between cells"), choices=Separator.choices, initial=Separator.SEMICOLON)
    decimal_mark = forms.ChoiceField(label=_("Decimals"), choices=DecimalMark.choices, initial=DecimalMark.POINT)
    date_format = forms.ChoiceField(label=_("Days as"), choices=DateFormat.choices, initial=DateFormat.ISO)
    has_heading = forms.BooleanField(label=_("A first line with headings"), required=False, initial=True)
    has_mark = forms.BooleanField(label=_("Byte order mark, which Excel needs"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._codes = [one.code for one in product_list()]
        for column in ExportColumn:
            usual = USUAL_COLUMNS.index(column) + 1 if column in USUAL_COLUMNS else None
            self.fields[f"at_{column.value}"] = forms.IntegerField(
                label=column.label,
                required=False,
                min_value=1,
                max_value=99,
                initial=usual,
                widget=forms.NumberInput(attrs={"class": "form-control"}),
            )
        for product in product_list():
            self.fields[f"code_{product.code}"] = forms.CharField(label=product.name, max_length=60, required=False)

    @property
    def column_fields(self) -> list[forms.BoundField]:
        """The positions."""
        return [self[f"at_{column.value}"] for column in ExportColumn]

    @property
    def code_fields(self) -> list[forms.BoundField]:
        """The item codes."""
        return [self[f"code_{code}"] for code in self._codes]

    @property
    def file_fields(self) -> list[forms.BoundField]:
        """What is left: the form of the file."""
        return [self[name] for name in ("separator", "decimal_mark", "date_format", "has_heading", "has_mark")]

    def wanted(self) -> LayoutWanted:
        """The valid form as a layout; equal positions keep the order of the page."""
        data = self.cleaned_data
        placed = [(data[f"at_{one.value}"], number, one.value) for number, one in enumerate(ExportColumn)]
        return LayoutWanted(
            columns=[name for position, _number, name in sorted(p for p in placed if p[0])],
            item_codes={code: text for code in self._codes if (text := data[f"code_{code}"])},
            **{name: data[name] for name in ("name", *(field.name for field in self.file_fields))},
        )


class SendForm(forms.Form):
    """Who got it, and in which form."""

    sent_to = forms.CharField(label=_("Sent to"), max_length=100, help_text=_("Such as the name of your accounting."))
    layout_name = forms.ChoiceField(label=_("As"), required=False)
    is_again = forms.BooleanField(label=_("Also what this receiver got before"), required=False)

    def __init__(self, *args: Any, layouts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["layout_name"]
        if isinstance(choice, forms.ChoiceField):
            choice.choices = [("PDF", "PDF"), *((name, name) for name in layouts), ("", _("Something else"))]


class MonthFilesForm(forms.Form):
    """Whose month is written into one file."""

    seller = forms.ModelChoiceField(label=_("Seller"), queryset=Company.objects.none(), to_field_name="uid")
    month = MonthField(label=_("Month"))

    def __init__(self, *args: Any, sellers: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seller = self.fields["seller"]
        if isinstance(seller, forms.ModelChoiceField):
            seller.queryset, seller.initial = sellers, sellers.first()


def layout_initial(layout: ExportLayout) -> dict[str, object]:
    """A layout as its form shows it; columns that it leaves out have no position."""
    positions = {f"at_{one.value}": None for one in ExportColumn}
    chosen = {f"at_{name}": number + 1 for number, name in enumerate(layout.columns)}
    fields = ("name", "separator", "decimal_mark", "date_format", "has_heading", "has_mark")
    codes = {f"code_{code}": text for code, text in layout.item_codes.items()}
    return {**positions, **chosen, **codes, **{name: getattr(layout, name) for name in fields}}
