"""Forms in the look of the site."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Renders form fields by `webkit/forms/field.html`."""

    form_template_name = "webkit/forms/form.html"
    field_template_name = "webkit/forms/field.html"
