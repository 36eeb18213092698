"""The form of a usage report."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.agreements.enums import ReportBy, ReportStep
from seatkeep_hub.companies.models import Company
from seatkeep_hub.portal.license_forms import PeriodForm

COMPANIES_OFFERED = 1000


class ReportForm(PeriodForm):
    """A period, and how it is summed."""

    by = forms.ChoiceField(label=_("By"), choices=ReportBy.choices, initial=ReportBy.PRODUCT, required=False)
    step = forms.ChoiceField(label=_("Rows"), choices=ReportStep.choices, initial=ReportStep.PERIOD, required=False)
    companies = forms.ModelMultipleChoiceField(
        label=_("Only these"),
        queryset=Company.objects.none(),
        to_field_name="uid",
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=_("With what is below them; all where none is chosen."),
    )

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["companies"]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = companies
            self.is_company_offered = companies[: COMPANIES_OFFERED + 1].count() <= COMPANIES_OFFERED


def asked_of(form: ReportForm) -> dict[str, Any]:
    """How a report is asked for: the valid form's choices, else the usual ones."""
    data = form.cleaned_data if form.is_bound and form.is_valid() else {}
    return {
        "by": data.get("by") or ReportBy.PRODUCT.value,
        "step": data.get("step") or ReportStep.PERIOD.value,
        "companies": list(data.get("companies") or []),
    }
