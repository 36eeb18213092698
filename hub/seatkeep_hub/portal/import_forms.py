"""Forms of imports: the file, and which column is what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from seatkeep_hub.companies.models import Company
from seatkeep_hub.imports.files import MAX_BYTES
from seatkeep_hub.imports.form import FIELDS, KEY

LABELS = {
    KEY: _("Your number"),
    "parent_identifier": _("Number of the company above"),
    "kind": _("Kind"),
    "name": _("Name"),
    "email": _("E-mail"),
    "contact_name": _("Contact person"),
    "phone": _("Phone"),
    "vat_id": _("Tax id"),
    "street": _("Street"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "region": _("State or region"),
    "country": _("Country"),
    "time_zone": _("Time zone"),
    "tags": _("Tags"),
    "description": _("Description"),
    "license": _("Shared license"),
    "product": _("Product code"),
    "agreement": _("Agreement: FIXED or FLEXIBLE"),
    "seats": _("Seats"),
    "on_exceed": _("One more device: FLAG or REFUSE"),
    "warn_above": _("Warn above"),
    "stop_above": _("Stop above"),
}
ERASE = "erases_empty"
HELP = {KEY: _("Tells which company a row is about, now and at every later import.")}


class FileForm(forms.Form):
    """The file, and below which company its rows come to stand."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        allow_empty_file=True,
        help_text=_("CSV, XLSX, or CSV packed with gzip. Up to 50,000 rows and 2.5 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.gz,.txt"}),
    )

    def __init__(self, *args: Any, targets: Sequence[Company], **kwargs: Any) -> None:
        """Make it; `targets` are the companies that the viewer may change."""
        super().__init__(*args, **kwargs)
        is_only = len(targets) == 1
        self.fields["target"] = forms.ModelChoiceField(
            label=_("Below"),
            queryset=Company.objects.filter(pk__in=[one.pk for one in targets]).order_by("name", "id"),
            initial=targets[0] if is_only else None,
            widget=forms.HiddenInput if is_only else forms.Select,
            help_text=_("Rows that name no company above come here."),
        )
        self.order_fields(["target", "file"])

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 2.5 MB."))
        return file


class ColumnsForm(forms.Form):
    """One choice per field of the form: which column of the file holds it."""

    def __init__(self, *args: Any, header: Sequence[str], **kwargs: Any) -> None:
        """Make it for a file with this heading."""
        super().__init__(*args, **kwargs)
        columns = [(str(index), name) for index, name in enumerate(header) if name]
        for one in FIELDS:
            is_needed = one.name == KEY
            self.fields[one.name] = forms.ChoiceField(
                label=LABELS[one.name],
                choices=[("", _("Choose…") if is_needed else _("Not in this file")), *columns],
                required=is_needed,
                help_text=HELP.get(one.name, ""),
            )

        self.fields[ERASE] = forms.BooleanField(
            label=_("Empty cells erase what is there"),
            required=False,
            help_text=_("Of columns that are in this file. Otherwise an empty cell keeps it."),
        )

    def mapping(self) -> dict[str, int]:
        """Index of the column, by field."""
        return {name: int(index) for name, index in self.cleaned_data.items() if index and name != ERASE}
