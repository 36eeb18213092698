"""Form dialogs opened from a table's bulk bar: the selection travels along as hidden fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

CONFIRMED = "form_sent"


def posted(request: HttpRequest) -> QueryDict | None:
    """The data of a form that was sent; None when the post only opened the dialog."""
    return request.POST if CONFIRMED in request.POST else None


class CarryForm(forms.Form):
    """A form that brings back everything that was posted to open it.

    Args:
        request: The post that opened or sent the dialog.
    """

    def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(posted(request), **kwargs)
        own = {*self.fields, CONFIRMED, "csrfmiddlewaretoken"}
        for name in request.POST:
            if name not in own:
                self.fields[name] = _Carried(initial=request.POST.getlist(name))
        self.fields[CONFIRMED] = forms.CharField(widget=forms.HiddenInput, initial="1", required=False)


class _Carried(forms.MultipleChoiceField):
    """Hidden values that only travel along."""

    widget = forms.MultipleHiddenInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def valid_value(self, value: str) -> bool:
        """Any value: the table itself judges its selection."""
        return True
