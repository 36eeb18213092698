"""`{% load webkit %}`: icons, badges, times, tables and the small parts that every page uses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import unescape
from typing import Any

from django import template
from django.forms import BaseForm
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from seatkeep_webkit import html
from seatkeep_webkit.errors import Text
from seatkeep_webkit.navigation import NavItem
from seatkeep_webkit.progress import ProgressState
from seatkeep_webkit.sessions import browser_words
from seatkeep_webkit.tables import Table
from seatkeep_webkit.trees import TreeItem, current_label

register = template.Library()

icon = register.simple_tag(html.icon, name="icon")
status_badge = register.simple_tag(html.status_badge, name="status_badge")
when = register.simple_tag(html.when, name="when")


@register.simple_tag(takes_context=True)
def document_title(context: template.Context) -> str:
    """Repeat the page's `title` block as plain text, for the browser's tab."""
    blocks = context.render_context.get(BLOCK_CONTEXT_KEY)
    block = blocks.get_block("title") if blocks is not None else None
    return " ".join(unescape(strip_tags(block.nodelist.render(context))).split()) if block is not None else ""


@register.simple_tag
def page_words() -> str:
    """Return the words that scripts say, as JSON."""
    words = {
        "copied": _("Copied"),
        "failed": _("This did not work. Please try again."),
        "offline": _("The server does not answer. Please check the connection."),
        "selected": _("%(count)s selected"),
    }
    return json.dumps(words)


@register.inclusion_tag("webkit/parts/copy_box.html")
def copy_box(text: object, label: Text = "") -> dict[str, Any]:
    """Show a text to copy, with a button."""
    return {"text": str(text), "label": label or _("Copy")}


@register.inclusion_tag("webkit/parts/empty_state.html")
def empty_state(
    title: Text, text: Text = "", icon: str = "inbox", url: str = "", label: Text = "", is_dialog: bool = False
) -> dict[str, Any]:
    """Say what would stand here and what the next step is."""
    return {"title": title, "text": text, "icon": icon, "url": url, "label": label, "is_dialog": is_dialog}


@register.inclusion_tag("webkit/parts/stat_tile.html")
def stat_tile(
    label: Text, value: object, tone: str = "", url: str = "", hint: Text = "", icon: str = ""
) -> dict[str, Any]:
    """Show one number that matters, with a link to what is behind it."""
    return {"label": label, "value": value, "tone": tone, "url": url, "hint": hint, "icon": icon}


@register.inclusion_tag("webkit/parts/usage_bar.html")
def usage_bar(used: int, limit: int | None, label: Text = "") -> dict[str, Any]:
    """Show how much of a limit is used; amber at the limit, red above it."""
    tone = "none" if not limit else "bad" if used > limit else "warn" if used == limit else "ok"
    return {"used": used, "limit": limit, "tone": tone, "label": label or _("Used"), "shown": min(used, limit or 0)}


@register.inclusion_tag("webkit/parts/progress.html")
def progress(state: ProgressState) -> dict[str, Any]:
    """Show long work; polls its address until it ends."""
    return {"state": state}


@register.inclusion_tag("webkit/parts/table.html", takes_context=True)
def table(context: template.Context, table: Table[Any]) -> dict[str, Any]:
    """Show THE table."""
    return {"table": table, "request": context["request"]}


@register.inclusion_tag("webkit/parts/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Show the errors and fields of a form; the page brings the `<form>` and its buttons.

    Fields that the form names in `folded` are what few people need: they lie behind `folded_label` until opened.
    """
    names = getattr(form, "folded", ())
    fields = form.visible_fields()
    folded = [field for field in fields if field.name in names]
    shown = [field for field in fields if field.name not in names]
    return {"form": form, "shown": shown, "folded": folded, "is_open": any(field.errors for field in folded)}


@register.inclusion_tag("webkit/parts/chart.html")
def chart(data: object, kind: str = "bar", label: Text = "") -> dict[str, Any]:
    """Draw a chart with a table of the same numbers for who cannot see it.

    `data` is `{"labels": [...], "series": [{"name": ..., "values": [...], "tone": "ok"}]}`.
    """
    raw = json.dumps({"kind": kind, **(data if isinstance(data, dict) else {})}, default=str)
    # Inside <script> only these three could end the element or begin another (as Django's json_script does).
    payload = mark_safe(raw.translate({ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}))  # noqa: S308
    rows = _chart_rows(data) if isinstance(data, dict) else []
    return {"payload": payload, "label": label, "data": data, "rows": rows}


@register.inclusion_tag("webkit/parts/crumb.html")
def crumb(label: Text, url: str = "") -> dict[str, Any]:
    """Show one step of the breadcrumb."""
    return {"label": label, "url": url}


@register.inclusion_tag("webkit/parts/tabs.html", takes_context=True)
def tabs(context: template.Context, items: Sequence[NavItem]) -> dict[str, Any]:
    """Show tabs that are addresses: `NavItem`s; the one with this page's exact address is current."""
    return {"items": items, "path": context["request"].path}


@register.inclusion_tag("webkit/parts/tree.html")
def tree(items: Sequence[TreeItem], label: Text) -> dict[str, Any]:
    """Show a tree of `TreeItem`s: a column beside the table, folded away on a narrow screen."""
    return {"items": items, "label": label, "current": current_label(items)}


@register.simple_tag(takes_context=True)
def is_current(context: template.Context, item: NavItem) -> bool:
    """Tell whether a navigation entry is the one that leads nearest to where the page is."""
    return bool(context["navigation"].current(context["request"].path) is item)


@register.simple_tag
def cell(table: Table[Any], column: Any, row: Any) -> str | SafeString:
    """Render one cell of a table."""
    return table.cell(column, row)


def _chart_rows(data: dict[str, Any]) -> list[tuple[object, list[object]]]:
    series = data.get("series", [])
    return [(label, [one["values"][at] for one in series]) for at, label in enumerate(data.get("labels", []))]


@register.filter
def browser(user_agent: str) -> str:
    """Say which browser on which system a session runs in."""
    return browser_words(user_agent)
