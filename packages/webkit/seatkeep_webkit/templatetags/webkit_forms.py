"""How form widgets look: Tabler's classes by kind of widget."""

from __future__ import annotations

from django import template
from django.forms import widgets
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def widget_kind(field: BoundField) -> str:
    """Return `check`, `group`, `select`, `file` or `text`."""
    widget = field.field.widget
    if isinstance(widget, widgets.CheckboxInput):
        return "check"
    if isinstance(widget, widgets.RadioSelect):
        return "group"
    if isinstance(widget, widgets.Select):
        return "select"
    return "file" if isinstance(widget, widgets.FileInput) else "text"


@register.simple_tag
def styled(field: BoundField) -> SafeString:
    """Render the widget with the site's classes; an error marks it for eyes and screen readers."""
    kind = widget_kind(field)
    classes = {"check": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    given = field.field.widget.attrs.get("class", "")
    attrs: dict[str, str | bool] = {
        "class": " ".join(part for part in (given, classes, "is-invalid" if field.errors else "") if part)
    }
    if field.errors:
        attrs["aria-describedby"] = f"{field.auto_id}_error"
    return field.as_widget(attrs=attrs)


@register.simple_tag
def choices(field: BoundField) -> list[BoundWidget]:
    """Return the radio buttons of a group, with the site's class."""
    field.field.widget.attrs["class"] = "form-check-input"
    return list(field.subwidgets)
